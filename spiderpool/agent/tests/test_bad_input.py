"""Bad input through the agent's socket: each is refused with a code and a sentence that names what is wrong."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.kernel.disk import SimDisk
from spiderpool.agent.tests.kit import CONFIG, AgentNode, PodRef, Reply, story
from spiderpool.ports.http import Request

POD = PodRef(name="web", uid="1f3c", namespace="default")
Ask = Callable[[AgentNode], Awaitable[Reply]]


def ipam(**keys: Any) -> dict[str, Any]:
    return {**CONFIG, "ipam": {"type": "spiderpool", **keys}}


def adding(**more: Any) -> Ask:
    return lambda node: node.add(POD, **more)


BAD_CALLS: list[tuple[str, Ask, int, tuple[str, ...]]] = [
    ("not JSON", adding(stdin=b"{nope"), 6, ("JSON",)),
    ("no object", adding(stdin=b"[]"), 6, ()),
    ("a number for a name", adding(config={**CONFIG, "name": 7}), 7, ("name", "7")),
    ("pools as an object", adding(config=ipam(default_ipv4_ippool={"a": 1})), 7, ("default_ipv4_ippool",)),
    ("unknown cniVersion", adding(config={**CONFIG, "cniVersion": "9.9.9"}), 1, ("9.9.9", "1.1.0")),
    ("missing variables", adding(CONTAINERID="", NETNS=""), 4, ("CNI_CONTAINERID", "CNI_NETNS")),
    ("a bad container", adding(CONTAINERID="../etc"), 4, ("CNI_CONTAINERID", "../etc")),
    ("a bad interface", adding(IFNAME="eth0/../../x"), 4, ("CNI_IFNAME",)),
    ("a relative namespace", adding(NETNS="netns"), 4, ("CNI_NETNS",)),
    ("no pod", adding(ARGS="IgnoreUnknown=1"), 4, ("K8S_POD_NAMESPACE", "K8S_POD_NAME", "K8S_POD_UID")),
    ("a bad pod", adding(ARGS="K8S_POD_NAMESPACE=a/b;K8S_POD_NAME=web;K8S_POD_UID=1"), 4, ("K8S_POD_NAMESPACE",)),
    ("a verb that is not served", lambda node: node.call("MULTIPLY", "c1"), 4, ("MULTIPLY",)),
    ("a pod that is gone", adding(), 102, ("default/web", "1f3c", "is gone")),
]


@pytest.mark.parametrize(("ask", "code", "words"), [row[1:] for row in BAD_CALLS], ids=[row[0] for row in BAD_CALLS])
def test_a_bad_call_is_refused_in_words_and_claims_nothing(ask: Ask, code: int, words: tuple[str, ...]) -> None:
    @story()
    async def play(node: AgentNode) -> None:
        await node.cluster.pools()
        reply = await ask(node)
        assert (reply.exit_code, reply.code) == (1, code), reply.value
        assert [word for word in words if word not in reply.words] == []
        assert await node.cluster.claims() == {}

    play()


@story()
async def test_pools_that_do_not_exist_are_of_the_other_family_or_missing_are_named(node: AgentNode) -> None:
    await node.cluster.pool("six", "fd09::1", default=False)
    absent = await node.add(await node.cluster.pod("a", ippool='{"ipv4": ["nowhere"]}'))
    assert (absent.code, "'nowhere' does not exist" in absent.words) == (7, True)
    family = await node.add(await node.cluster.pod("b", ippool='{"ipv4": ["six"]}'), "c2")
    assert (family.code, "six: has subnet fd09::/64, not IPv4" in family.words) == (101, True)
    nothing = await node.add(await node.cluster.pod("c"), "c3")
    assert (nothing.code, "no SpiderIPPool has default: true" in nothing.words) == (101, True)
    unreadable = await node.add(await node.cluster.pod("d", ippool="{"), "c4")
    assert (unreadable.code, "ipam.spidernet.io/ippool" in unreadable.words) == (7, True)


@story()
async def test_a_pod_that_is_being_deleted_or_has_ended_gets_nothing(node: AgentNode) -> None:
    from simulator.kube.api import ApiRequest

    await node.cluster.pools()
    ended, leaving = await node.cluster.pod("ended"), await node.cluster.pod("leaving")
    base = "/api/v1/namespaces/default/pods"
    merge = "application/merge-patch+json"
    body = {"status": {"phase": "Failed"}}
    await node.cluster.server.request(
        ApiRequest(method="PATCH", path=f"{base}/ended/status", body=body, content_type=merge)
    )
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 30}
    await node.cluster.server.request(ApiRequest(method="DELETE", path=f"{base}/leaving", body=options))
    await node.cluster.seen()
    for pod, words in ((ended, "has ended"), (leaving, "is being deleted")):
        reply = await node.add(pod)
        assert (reply.code, words in reply.words) == (102, True)


@story()
async def test_headers_that_no_plugin_of_ours_sends_are_refused(node: AgentNode) -> None:
    request = node.request("ADD", "c1", "eth0", POD)
    for change, words in (
        ({"x-spiderpool-since-ns": "yesterday"}, "x-spiderpool-since-ns"),
        ({"x-cni-command": "DEL"}, "disagree"),
    ):
        bad = Request(method="POST", path=request.path, headers={**request.headers, **change}, body=request.body)
        reply = await node.send(bad)
        assert (reply.code, words in reply.words) == (4, True)


@story()
async def test_paths_that_are_not_served_answer_404(node: AgentNode) -> None:
    answer = await node.ask(Request(method="GET", path="/v1/coordinator/config"))
    assert (answer.status, b"not served" in answer.body) == (404, True)


@story(started=False)
async def test_readiness_follows_the_start_and_liveness_does_not(node: AgentNode) -> None:
    node.link.set_state("refusing")
    node.launch()
    await node.cluster.seen()
    status = [
        (await node.ask(Request(method="GET", path=f"/v1/runtime/{p}"))).status for p in ("readiness", "liveness")
    ]
    assert status == [500, 200]
    node.link.set_state("up")
    await node.cluster.clock.sleep(60)
    assert (await node.ask(Request(method="GET", path="/v1/runtime/readiness"))).status == 200


@pytest.mark.parametrize("skip", [0, 1])
def test_a_journal_that_cannot_be_written_hands_nothing_out(skip: int) -> None:
    """The journal is written before the first claim and once more before the answer."""

    @story()
    async def play(node: AgentNode) -> None:
        await node.cluster.pools()
        pod = await node.cluster.pod("web")
        writes = [skip]

        def full(operation: str, path: str) -> None:
            if operation == "write":
                writes[0] -= 1
                if writes[0] < 0:
                    raise OSError(28, "No space left on device")

        disk: SimDisk = node.disk
        disk.on_operation = full
        reply = await node.add(pod)
        assert (reply.exit_code, "No space left" in reply.words) == (1, True)
        assert await node.cluster.claims() == {}

    play()


@story()
async def test_an_error_names_the_version_that_was_asked_in(node: AgentNode) -> None:
    await node.cluster.pools()
    reply = await node.add(POD, config={**CONFIG, "cniVersion": "0.4.0"})
    assert reply.value["cniVersion"] == "0.4.0"
    assert json.loads(json.dumps(reply.value))["code"] == 102
