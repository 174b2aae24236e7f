"""The socket API of the Go Spiderpool: same paths, same JSON."""

import json
from typing import Any

import pytest

from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import AgentNode, PodRef, story
from spiderpool.ports.http import Request, Response

IP = "/v1/ipam/ip"


def body(pod: PodRef, container: str = "c1", **more: Any) -> bytes:
    value = {
        "containerID": container,
        "ifName": "eth0",
        "netNamespace": f"/var/run/netns/{container}",
        "podNamespace": pod.namespace,
        "podName": pod.name,
        "podUID": pod.uid,
        **more,
    }
    return json.dumps(value).encode()


async def post(node: AgentNode, data: bytes) -> Response:
    return await node.ask(Request(method="POST", path=IP, body=data))


async def delete(node: AgentNode, data: bytes) -> Response:
    return await node.ask(Request(method="DELETE", path=IP, body=data))


@story()
async def test_add_answers_addresses_and_routes_and_delete_frees_them(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    node.netns("c1")
    answer = await post(node, body(pod))
    assert answer.status == 200
    value = json.loads(answer.body)
    assert [(ip["version"], ip["nic"], ip["ipPool"], ip["gateway"]) for ip in value["ips"]] == [
        (4, "eth0", "v4", "10.9.255.254"),
        (6, "eth0", "v6", "fd09::ffff"),
    ]
    assert value["routes"][0] == {"ifName": "eth0", "dst": "0.0.0.0/0", "gw": "10.9.255.254"}
    assert (await delete(node, body(pod))).status == 200
    assert await node.cluster.claims() == {}


@story()
async def test_the_pools_of_the_configuration_and_clean_gateway_are_honoured(node: AgentNode) -> None:
    await node.cluster.pool("own", "10.9.5.1", default=False)
    node.netns("c1")
    answer = await post(node, body(await node.cluster.pod("web"), defaultIPv4IPPool=["own"], cleanGateway=True))
    value = json.loads(answer.body)
    assert [ip["ipPool"] for ip in value["ips"]] == ["own"]
    assert value["routes"] == []


@story()
async def test_a_refusal_is_a_sentence_with_status_500(node: AgentNode) -> None:
    node.netns("c1")
    answer = await post(node, body(await node.cluster.pod("web")))
    assert answer.status == 500
    assert "no SpiderIPPool has default: true" in json.loads(answer.body)


@story()
async def test_malformed_bodies_and_queries_are_refused(node: AgentNode) -> None:
    assert (await post(node, b"{")).status == 400
    assert (await post(node, b'{"containerID": 7}')).status == 400
    assert (await delete(node, b"[]")).status == 400
    answer = await node.ask(Request(method="GET", path="/v1/workloadendpoint", query={"podName": "web"}))
    assert (answer.status, "podNamespace" in json.loads(answer.body)) == (400, True)


@story()
async def test_an_api_server_that_does_not_answer_is_a_sentence_too(node: AgentNode) -> None:
    await node.cluster.pools()
    node.link.hold_watches("pods")
    pod = await node.cluster.pod("web")
    node.netns("c1")
    node.fault("refuse", "get", "pods", status=500)
    answer = await post(node, body(pod))
    assert (answer.status, "Unavailable" in json.loads(answer.body)) == (500, True)


@story()
async def test_delete_that_cannot_be_done_now_is_to_be_sent_again(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    node.link.set_state("refusing")
    answer = await delete(node, body(pod))
    assert (answer.status, "send it again" in json.loads(answer.body)) == (500, True)
    node.link.set_state("up")
    assert (await delete(node, body(pod))).status == 200
    assert await node.cluster.claims() == {}


@story()
async def test_delete_while_the_agent_starts_is_to_be_sent_again(node: AgentNode) -> None:
    """It cannot know what to free; success would leak."""
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    node.crash()
    node.fault("refuse", "list", status=500, times=3)
    node.launch()
    await node.cluster.clock.sleep(0.1)
    answer = await delete(node, body(pod))
    assert (answer.status, "starting" in json.loads(answer.body)) == (500, True)


@story()
async def test_the_workload_endpoint_lists_a_pods_addresses_by_interface(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    first = await node.attach(pod)
    await node.attach(pod, interface="net1")
    query = {"podNamespace": "default", "podName": "web"}
    answer = await node.ask(Request(method="GET", path="/v1/workloadendpoint", query=query))
    value = json.loads(answer.body)
    assert (value["podUID"], value["node"]) == (pod.uid, "n1")
    assert [each["interface"] for each in value["interfaces"]] == ["eth0", "net1"]
    assert value["interfaces"][0]["ipv4"] == first[0]
    assert value["interfaces"][0]["ipv6Pool"] == "v6"
    nobody = {"podNamespace": "default", "podName": "nobody"}
    assert (await node.ask(Request(method="GET", path="/v1/workloadendpoint", query=nobody))).status == 404


@story()
async def test_without_a_start_stamp_the_time_of_arrival_counts(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    node.netns("c1")
    seen: list[Call] = []
    before = node.clock.boot_ns()
    await post(node, body(pod))
    (claim, *_) = (await node.cluster.claims()).values()
    assert claim.spec.owner
    assert before < claim.spec.owner.since < node.clock.boot_ns()
    assert seen == []


BAD_FIELDS = [
    ("containerID", "../../../etc/x"),
    ("containerID", ""),
    ("ifName", "eth0/../../x"),
    ("ifName", ""),
    ("netNamespace", "netns"),
    ("podNamespace", "a/b"),
    ("podName", "Web"),
    ("podUID", "a,b=c"),
    ("matchMasterSubnet", True),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_field_that_no_cni_call_could_have_is_refused_by_its_name_and_writes_nothing(field: str, value: Any) -> None:
    """A container's ID becomes part of file names."""

    @story()
    async def play(node: AgentNode) -> None:
        await node.cluster.pools()
        pod = await node.cluster.pod("web")
        node.netns("c1")
        before = node.disk.paths()
        answer = await post(node, body(pod, **{field: value}))
        assert (answer.status, f"{field} is" in json.loads(answer.body)) == (400, True)
        if field in ("containerID", "ifName"):
            assert (await delete(node, body(pod, **{field: value}))).status == 400
        assert node.disk.paths() == before
        assert await node.cluster.claims() == {}

    play()


@story()
async def test_a_disk_that_fails_is_a_sentence_too(node: AgentNode) -> None:
    await node.cluster.pools()
    node.netns("c1")

    def full(operation: str, path: str) -> None:
        raise OSError(28, "No space left on device")

    node.disk.on_operation = full
    answer = await post(node, body(await node.cluster.pod("web")))
    assert (answer.status, "No space left" in json.loads(answer.body)) == (500, True)
