"""The models against the JSON that upstream's users and the API server write: names, defaults, tolerance, round trips."""

from typing import Any

import msgspec
import pytest

from spiderpool.resources import core
from spiderpool.resources.addresses import MAPPED_SPAN, Address
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.endpoint import SpiderEndpoint
from spiderpool.resources.kinds import (
    CLAIMS,
    ENDPOINTS,
    EVENTS,
    LEASES,
    LEDGERS,
    NAMESPACES,
    NODES,
    PODS,
    POOLS,
    RESERVED_IPS,
    STATEFUL_SETS,
    VALIDATING_WEBHOOKS,
    AnyKind,
)
from spiderpool.resources.ledger import SpiderLedger
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP, reserved_addresses

SELECTOR = {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["x", "y"]}]}
FULL_POOL: dict[str, Any] = {
    "metadata": {"name": "p", "labels": {"a": "b"}},
    "spec": {
        "ipVersion": 4,
        "subnet": "10.0.0.0/16",
        "ips": ["10.0.0.10-10.0.0.20"],
        "excludeIPs": ["10.0.0.12"],
        "gateway": "10.0.0.1",
        "routes": [{"dst": "10.9.0.0/16", "gw": "10.0.0.2"}],
        "podAffinity": SELECTOR,
        "namespaceAffinity": SELECTOR,
        "nodeAffinity": SELECTOR,
        "namespaceName": ["n1"],
        "nodeName": ["node1"],
        "multusName": ["kube-system/macvlan"],
        "default": True,
        "disable": True,
        "cooldownSeconds": 30,
    },
    "status": {
        "totalIPCount": 10,
        "allocatedIPCount": 3,
        "observedGeneration": 2,
        "outOfSpec": ["10.0.0.30"],
        "usage": {"generation": 2, "revision": "17", "encoding": "bitmap", "data": "AA=="},
        "conditions": [
            {
                "type": "Settled",
                "status": "True",
                "reason": "NobodyOutside",
                "message": "m",
                "lastTransitionTime": "2026-11-23T11:04:37Z",
                "observedGeneration": 2,
            }
        ],
    },
}
FULL_CLAIM: dict[str, Any] = {
    "metadata": {"name": "10.0.0.10", "uid": "u", "resourceVersion": "3"},
    "spec": {
        "address": "10.0.0.10/16",
        "pool": {"name": "p", "uid": "pool-uid"},
        "owner": {
            "namespace": "default",
            "name": "web-0",
            "uid": "pod-uid",
            "node": "n1",
            "machineID": "m",
            "bootID": "b",
            "interface": "eth0",
            "containerID": "c" * 64,
            "netns": {"path": "/var/run/netns/x", "inode": 4026532000},
            "since": 1 << 60,
            "podCreated": "2026-11-23T11:04:37Z",
            "controller": {"kind": "StatefulSet", "name": "web"},
        },
        "identity": "StatefulSet/default/web-0",
        "state": "Parked",
        "parkedAt": "2026-11-23T11:04:37Z",
        "releasedAt": "2026-11-23T11:05:37Z",
    },
}
FULL_ENDPOINT: dict[str, Any] = {
    "metadata": {"name": "web-0", "namespace": "default", "finalizers": ["spiderpool.spidernet.io"]},
    "status": {
        "current": {
            "uid": "pod-uid",
            "node": "n1",
            "ips": [
                {
                    "interface": "eth0",
                    "ipv4": "10.0.0.10/16",
                    "ipv6": "fd00::a/64",
                    "ipv4Pool": "p4",
                    "ipv6Pool": "p6",
                    "vlan": 7,
                    "ipv4Gateway": "10.0.0.1",
                    "ipv6Gateway": "fd00::1",
                    "cleanGateway": False,
                    "routes": [{"dst": "10.9.0.0/16", "gw": "10.0.0.2"}],
                    "mac": "0a:1b:00:00:00:01",
                }
            ],
        },
        "ownerControllerType": "StatefulSet",
        "ownerControllerName": "web",
    },
}
FULL: list[tuple[type[Any], dict[str, Any]]] = [
    (SpiderIPPool, FULL_POOL),
    (SpiderIPAddress, FULL_CLAIM),
    (SpiderEndpoint, FULL_ENDPOINT),
    (SpiderReservedIP, {"metadata": {"name": "r"}, "spec": {"ipVersion": 6, "ips": ["fd00::1"]}}),
    (
        SpiderLedger,
        {
            "metadata": {"name": "default"},
            "spec": {"epoch": 3, "mode": "Open"},
            "status": {"acknowledged": {"n1": 3}},
        },
    ),
]


@pytest.mark.parametrize(("model", "text"), FULL)
def test_every_field_is_read_and_written_under_the_name_that_the_api_uses(
    model: type[Any], text: dict[str, Any]
) -> None:
    read = msgspec.json.decode(msgspec.json.encode(text), type=model)
    assert msgspec.json.decode(msgspec.json.encode(read)) == text


def scattered(value: Any) -> Any:
    """The same JSON with an unknown field in every object; label maps take it as a label, so they stay as they are."""
    if isinstance(value, list):
        return [scattered(item) for item in value]
    if isinstance(value, dict):
        maps = {"labels", "matchLabels", "acknowledged"}
        inner = {key: item if key in maps else scattered(item) for key, item in value.items()}
        return {**inner, "fieldOfNextYear": {"a": [1]}}
    return value


@pytest.mark.parametrize(("model", "text"), FULL)
def test_unknown_fields_are_tolerated_on_read(model: type[Any], text: dict[str, Any]) -> None:
    assert msgspec.convert(scattered(text), model) == msgspec.convert(text, model)


def test_a_pool_that_says_only_its_subnet_has_the_defaults_of_upstream() -> None:
    pool = msgspec.convert({"metadata": {"name": "p"}, "spec": {"subnet": "10.0.0.0/24"}}, SpiderIPPool)
    assert (pool.spec.ip_version, pool.spec.ips, pool.spec.exclude_ips) == (None, (), ())
    assert (pool.spec.gateway, pool.spec.routes, pool.spec.pod_affinity) == (None, (), None)
    assert (pool.spec.default, pool.spec.disable, pool.spec.cooldown_seconds) == (False, False, 0)
    assert (pool.status.total_ip_count, pool.status.allocated_ip_count) == (None, None)
    assert pool.usable.size == 0


def test_a_pool_without_a_subnet_is_not_a_pool() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"missing required field `subnet` - at `\$\.spec`"):
        msgspec.convert({"metadata": {"name": "p"}, "spec": {}}, SpiderIPPool)


def test_a_claim_of_an_unknown_state_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid enum value 'Lost'"):
        msgspec.convert({**FULL_CLAIM, "spec": {**FULL_CLAIM["spec"], "state": "Lost"}}, SpiderIPAddress)


def test_a_ledger_that_says_nothing_is_recovering() -> None:
    assert msgspec.convert({"metadata": {"name": "default"}}, SpiderLedger).spec.mode == "Recovering"


def test_a_claim_knows_its_address_by_its_name() -> None:
    claim = msgspec.convert(FULL_CLAIM, SpiderIPAddress)
    assert claim.name == "10.0.0.10"
    assert claim.address == Address(4, 0x0A00000A)


def test_a_full_claim_stays_below_one_kilobyte_of_spec() -> None:
    assert len(msgspec.json.encode(msgspec.convert(FULL_CLAIM, SpiderIPAddress))) < 1000


def pool_of(**spec: Any) -> SpiderIPPool:
    return msgspec.convert({"metadata": {"name": "p"}, "spec": spec}, SpiderIPPool)


@pytest.mark.parametrize(
    ("spec", "usable"),
    [
        ({"subnet": "10.0.0.0/30", "ips": ["10.0.0.0-10.0.0.3"]}, ((0x0A000000, 0x0A000003),)),
        (
            {"subnet": "10.0.0.0/8", "ips": ["10.0.0.0-10.255.255.255"], "excludeIPs": ["10.0.0.0-10.0.0.9"]},
            ((0x0A00000A, 0x0AFFFFFF),),
        ),
        (
            {"subnet": "10.0.0.0/30", "ips": ["10.0.0.1-10.0.0.3"], "gateway": "10.0.0.2"},
            ((0x0A000001, 0x0A000001), (0x0A000003, 0x0A000003)),
        ),
        (
            {"subnet": "::/64", "ips": ["::-::ffff:ffff:ffff:ffff"], "gateway": "::"},
            ((1, MAPPED_SPAN[0] - 1), (MAPPED_SPAN[1] + 1, (1 << 64) - 1)),
        ),
        ({"subnet": "fd00::/64", "ips": ["fd00::a"], "gateway": "10.0.0.1"}, ((0xFD << 120 | 10, 0xFD << 120 | 10),)),
    ],
)
def test_usable_is_ips_minus_exclusions_minus_gateway_minus_what_has_no_name(
    spec: dict[str, Any], usable: tuple[tuple[int, int], ...]
) -> None:
    assert pool_of(**spec).usable.spans == usable


def test_a_pool_of_all_ipv6_addresses_is_counted_without_enumerating_it() -> None:
    everything = pool_of(subnet="::/0", ips=["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
    assert everything.family == 6
    assert everything.usable.size == (1 << 128) - (1 << 32)


def test_reservations_count_for_their_own_family_only() -> None:
    reservations = [
        msgspec.convert({"metadata": {"name": "a"}, "spec": {"ips": ["10.0.0.1-10.0.0.2"]}}, SpiderReservedIP),
        msgspec.convert({"metadata": {"name": "b"}, "spec": {"ips": ["fd00::1", "10.0.0.3"]}}, SpiderReservedIP),
    ]
    assert reserved_addresses(4, reservations).spans == ((0x0A000001, 0x0A000003),)
    assert reserved_addresses(6, reservations).spans == ((0xFD << 120 | 1, 0xFD << 120 | 1),)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (POOLS, "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/x"),
        (RESERVED_IPS, "/apis/spiderpool.spidernet.io/v2beta1/spiderreservedips/x"),
        (CLAIMS, "/apis/spiderpool.spidernet.io/v2beta1/spideripaddresses/x"),
        (LEDGERS, "/apis/spiderpool.spidernet.io/v2beta1/spiderledgers/x"),
        (ENDPOINTS, "/apis/spiderpool.spidernet.io/v2beta1/namespaces/n/spiderendpoints/x"),
        (PODS, "/api/v1/namespaces/n/pods/x"),
        (NODES, "/api/v1/nodes/x"),
        (NAMESPACES, "/api/v1/namespaces/x"),
        (EVENTS, "/api/v1/namespaces/n/events/x"),
        (STATEFUL_SETS, "/apis/apps/v1/namespaces/n/statefulsets/x"),
        (LEASES, "/apis/coordination.k8s.io/v1/namespaces/n/leases/x"),
        (
            VALIDATING_WEBHOOKS,
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/x",
        ),
    ],
)
def test_a_kind_knows_the_path_of_its_objects(kind: AnyKind, path: str) -> None:
    namespace = "n" if kind.namespaced else ""
    assert kind.path("x", namespace) == path
    assert kind.path("x", namespace, "status") == f"{path}/status"
    assert kind.collection_path().endswith(f"{kind.api_version}/{kind.plural}")


def test_core_objects_are_read_from_what_a_real_server_writes() -> None:
    pod = msgspec.json.decode(
        b'{"metadata":{"name":"p","creationTimestamp":null,"ownerReferences":[{"apiVersion":"apps/v1","kind":'
        b'"ReplicaSet","name":"r","uid":"u","controller":true}]},"spec":{"nodeName":"n","containers":[{"name":"c"}],'
        b'"terminationGracePeriodSeconds":1},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}]}}',
        type=core.Pod,
    )
    assert (pod.spec.node_name, pod.spec.termination_grace_period_seconds, pod.spec.restart_policy) == (
        "n",
        1,
        "Always",
    )
    assert pod.metadata.owner_references[0].controller
    stateful_set = msgspec.json.decode(b'{"metadata":{"name":"s"},"spec":{"replicas":3}}', type=core.StatefulSet)
    assert (stateful_set.spec.replicas, stateful_set.spec.ordinals.start) == (3, 0)
