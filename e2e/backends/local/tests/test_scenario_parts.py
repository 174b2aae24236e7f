"""What the scenarios' backend reads and writes, without a cluster: looks at interfaces, service logs, URL paths."""

import json
from pathlib import Path

import pytest

from e2e.backends.local.node_wires import parse_look
from e2e.backends.local.rest_paths import resource
from e2e.backends.local.service_logs import ServiceLogs
from e2e.cluster import Wire

LINKS = [
    {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
    {
        "ifname": "eth0",
        "addr_info": [
            {"local": "10.98.10.11", "prefixlen": 16, "scope": "global"},
            {"local": "fd00:98::10:2", "prefixlen": 64, "scope": "global"},
            {"local": "fe80::1", "prefixlen": 64, "scope": "link"},
        ],
    },
]


def test_a_look_at_a_namespace_gives_its_global_addresses_under_the_path_that_the_runtime_uses() -> None:
    found = list(parse_look("n1", f"cni-1234 {json.dumps(LINKS)}"))

    assert found == [
        Wire(node="n1", netns="/var/run/netns/cni-1234", interface="eth0", address="10.98.10.11/16"),
        Wire(node="n1", netns="/var/run/netns/cni-1234", interface="eth0", address="fd00:98::10:2/64"),
    ]


def test_a_namespace_without_interfaces_carries_nothing() -> None:
    assert list(parse_look("n1", "cni-1234 []")) == []


def test_errors_and_tracebacks_are_complaints_and_each_is_told_once(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    logs = ServiceLogs([log, tmp_path / "absent.log"])
    assert logs.complaints() == []

    log.write_text('{"level":"info","message":"started"}\n{"level":"error","message":"lost"}\nTraceback (most rec')
    assert logs.complaints() == ['agent.log: {"level":"error","message":"lost"}']

    with log.open("a") as more:
        more.write('ent call last):\n{"level":"warning","message":"again"}\n')
    assert logs.complaints() == ["agent.log: Traceback (most recent call last):"]
    assert logs.complaints() == []


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "path"),
    [
        ("Pod", "one", "default", "/api/v1/namespaces/default/pods/one"),
        ("Pod", "", "", "/api/v1/pods"),
        ("Node", "n1", "default", "/api/v1/nodes/n1"),
        ("Job", "once", "short", "/apis/batch/v1/namespaces/short/jobs/once"),
        ("SpiderIPPool", "v4", "default", "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/v4"),
    ],
)
def test_every_kind_lies_at_its_path(kind: str, name: str, namespace: str, path: str) -> None:
    assert resource(kind).path(name, namespace) == path


def test_a_query_is_quoted_and_a_subresource_comes_after_the_name() -> None:
    assert resource("Deployment").path("a", "b", subresource="scale", labelSelector="x=y") == (
        "/apis/apps/v1/namespaces/b/deployments/a/scale?labelSelector=x%3Dy"
    )


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"kind Gadget.*SpiderIPPool"):
        resource("Gadget")
