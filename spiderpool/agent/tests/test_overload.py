"""An agent with more requests than it takes: it turns calls away so that no DEL is lost, and probes still pass."""

import json

import pytest

from simulator.cluster.plugin_driver import execute
from spiderpool.agent.service import REQUESTS_MAX
from spiderpool.agent.tests.kit import CONFIG, AgentNode, story
from spiderpool.ports.http import Request


async def run_plugin(node: AgentNode, verb: str) -> tuple[int, bytes, list[bytes]]:
    """The plugin's exit code, what it printed, and the tombstones that it wrote."""
    spooled: list[bytes] = []

    async def spool(name: bytes, data: bytes) -> None:
        spooled.append(name)

    environ = {
        b"CNI_COMMAND": verb.encode(),
        b"CNI_CONTAINERID": b"c1",
        b"CNI_IFNAME": b"eth0",
        b"CNI_NETNS": b"/var/run/netns/c1",
        b"CNI_PATH": b"/opt/cni/bin",
    }
    config = json.dumps(CONFIG).encode()
    code, stdout = await execute(
        environ, config, clock=node.clock, connect=node.ask, spool=spool, parent_alive=lambda: True
    )
    return code, stdout, spooled


@story()
async def test_a_del_that_is_turned_away_is_written_down_by_the_plugin(node: AgentNode) -> None:
    node.running._requests = REQUESTS_MAX
    code, stdout, spooled = await run_plugin(node, "DEL")
    assert (code, stdout, len(spooled)) == (0, b"", 1)
    assert node.counted("requests_turned_away") == 1


@story()
async def test_an_add_that_is_turned_away_is_told_to_come_again(node: AgentNode) -> None:
    node.running._requests = REQUESTS_MAX
    code, stdout, spooled = await run_plugin(node, "ADD")
    assert (code, json.loads(stdout)["code"], spooled) == (1, 11, [])
    assert "503" in json.loads(stdout)["msg"]


@story()
async def test_status_takes_no_node_out_of_service_because_it_is_busy(node: AgentNode) -> None:
    node.running._requests = REQUESTS_MAX
    assert await run_plugin(node, "STATUS") == (0, b"", [])


@pytest.mark.parametrize("path", ["/v1/runtime/liveness", "/v1/runtime/readiness", "/v1/ipam/healthy"])
def test_probes_pass_while_the_agent_is_busy(path: str) -> None:
    @story()
    async def play(node: AgentNode) -> None:
        node.running._requests = REQUESTS_MAX
        assert (await node.ask(Request(method="GET", path=path))).status == 200

    play()
