"""The real plugin code as a process on virtual time: what it sends, prints and leaves behind, and how it is killed."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from simulator.cluster.plugin_driver import execute, parse_request, response_bytes
from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.process import Process
from simulator.kernel.running import Unhandled, run
from spiderpool.ports.http import Request, Response

ADD = {
    b"CNI_COMMAND": b"ADD",
    b"CNI_CONTAINERID": b"c1",
    b"CNI_NETNS": b"/var/run/netns/x",
    b"CNI_IFNAME": b"eth0",
    b"CNI_ARGS": b"K8S_POD_NAME=web-0",
    b"PATH": b"/bin",
}
DEL = ADD | {b"CNI_COMMAND": b"DEL"}
STDIN = b'{"cniVersion": "1.0.0", "name": "net"}'
ADDRESSES = b'{"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.7/24"}]}'


@dataclass
class Node:
    """Where the plugin runs: a clock, a spool folder, an agent that answers after ``agent_seconds``."""

    clock: VirtualClock
    agent_seconds: float = 0.01
    answer: Response = field(default_factory=lambda: Response(headers={"x-spiderpool-exit": "0"}, body=ADDRESSES))
    listens: bool = True
    parent_alive: bool = True
    asked: list[Request] = field(default_factory=list)
    spooled: dict[bytes, bytes] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)

    async def agent(self, request: Request) -> Response:
        self.asked.append(request)
        await self.clock.sleep(self.agent_seconds)
        return self.answer

    async def spool(self, name: bytes, data: bytes) -> None:
        self.spooled[name] = data

    def on_effect(self, effect: str, phase: Literal["before", "after"]) -> None:
        self.effects.append(f"{effect} {phase}")

    async def execute(self, environ: dict[bytes, bytes], stdin: bytes = STDIN) -> tuple[int, bytes]:
        return await execute(
            environ,
            stdin,
            clock=self.clock,
            connect=self.agent,
            spool=self.spool,
            parent_alive=lambda: self.parent_alive,
            listens=lambda: self.listens,
            on_effect=self.on_effect,
        )

    @property
    def commands(self) -> list[str]:
        return [request.headers["x-cni-command"] for request in self.asked]


def on_node(story: Callable[[Node], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        await story(Node(VirtualClock(loop, boot_offset_seconds=1000.0)))

    run(main())


def test_an_add_reaches_the_agent_as_a_request_and_its_answer_is_printed() -> None:
    async def story(node: Node) -> None:
        assert await node.execute(ADD) == (0, ADDRESSES)
        (request,) = node.asked
        assert (request.method, request.path, request.body) == ("POST", "/v1/cni/add", STDIN)
        assert request.headers["x-cni-containerid"] == "c1"
        assert request.headers["x-cni-args"] == "K8S_POD_NAME=web-0"
        assert request.headers["x-spiderpool-since-ns"] == str(1000 * 10**9)
        assert node.spooled == {}

    on_node(story)


def test_two_plugins_of_one_instant_have_different_start_stamps() -> None:
    async def story(node: Node) -> None:
        await asyncio.gather(node.execute(ADD), node.execute(ADD))
        stamps = [request.headers["x-spiderpool-since-ns"] for request in node.asked]
        assert len(set(stamps)) == 2

    on_node(story)


def test_an_error_of_the_agent_is_printed_with_its_exit_code() -> None:
    async def story(node: Node) -> None:
        node.answer = Response(headers={"x-spiderpool-exit": "1"}, body=b'{"code": 11}')
        assert await node.execute(ADD) == (1, b'{"code": 11}')

    on_node(story)


def test_version_needs_no_agent() -> None:
    async def story(node: Node) -> None:
        node.listens = False
        code, printed = await node.execute({b"CNI_COMMAND": b"VERSION"})
        assert (code, b"supportedVersions" in printed, node.asked) == (0, True, [])

    on_node(story)


def test_a_del_without_an_agent_becomes_a_tombstone_that_is_the_request() -> None:
    async def story(node: Node) -> None:
        node.listens = False
        assert await node.execute(DEL) == (0, b"")
        ((name, content),) = node.spooled.items()
        assert name == b"c1.eth0.%d.req" % (1000 * 10**9)
        request = parse_request(content)
        assert (request.path, request.headers["x-cni-ifname"], request.body) == ("/v1/cni/del", "eth0", STDIN)

    on_node(story)


def test_an_add_without_an_agent_is_to_be_tried_again() -> None:
    async def story(node: Node) -> None:
        node.listens = False
        code, printed = await node.execute(ADD)
        assert (code, b'"code":11' in printed) == (1, True)
        assert node.asked == []

    on_node(story)


def test_an_agent_that_resets_the_connection_is_heard_as_no_answer() -> None:
    async def story(node: Node) -> None:
        process = Process("agent")
        handler = process.door(node.agent, "request")
        asyncio.get_running_loop().call_later(0.005, process.crash)
        code, printed = await execute(
            ADD, STDIN, clock=node.clock, connect=handler, spool=node.spool, parent_alive=lambda: True
        )
        assert (code, b"closed the connection without an answer" in printed) == (1, True)

    on_node(story)


def test_an_agent_that_stays_silent_is_given_up_after_the_deadline() -> None:
    async def story(node: Node) -> None:
        node.agent_seconds = 1000
        code, printed = await node.execute(ADD)
        assert (code, b'"code":11' in printed) == (1, True)
        assert node.clock.monotonic() == 1000 + 75
        await node.clock.sleep(1000)  # the agent works on; nobody hears it

    on_node(story)


def test_an_answer_for_a_runtime_that_is_gone_is_given_back() -> None:
    async def story(node: Node) -> None:
        running = asyncio.create_task(node.execute(ADD))
        await node.clock.sleep(0.005)
        node.parent_alive = False
        code, printed = await running
        assert (code, printed) == (1, b"")
        assert node.commands == ["ADD", "DEL"]
        assert node.spooled == {}

    on_node(story)


def test_a_disk_that_refuses_the_tombstone_makes_the_del_fail() -> None:
    async def refuse(name: bytes, data: bytes) -> None:
        raise OSError("no space left")

    async def story(node: Node) -> None:
        code, printed = await execute(
            DEL,
            STDIN,
            clock=node.clock,
            connect=node.agent,
            spool=refuse,
            parent_alive=lambda: True,
            listens=lambda: False,
        )
        assert (code, b"no space left" in printed) == (1, True)

    on_node(story)


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("clock before", []),
        ("stdin after", []),
        ("connect after", []),
        ("send before", []),
        ("send after", ["ADD"]),
        ("receive before", ["ADD"]),
        ("receive after", ["ADD"]),
        ("parent_alive after", ["ADD"]),
        ("stdout before", ["ADD"]),
    ],
)
@pytest.mark.parametrize("way", ["crash", "cancel"])
def test_a_killed_plugin_does_nothing_more_and_what_it_sent_still_arrives(
    place: str, asked: list[str], way: str
) -> None:
    async def story(node: Node) -> None:
        process = Process("spiderpool")
        running = process.spawn(node.execute(ADD), "main")

        def kill(effect: str, phase: str) -> None:
            node.effects.append(f"{effect} {phase}")
            if node.effects[-1] == place:
                if way == "crash":
                    process.crash()
                else:
                    running.cancel()

        node.on_effect = kill  # type: ignore[method-assign]
        await asyncio.wait((running,))
        await node.clock.sleep(200)
        assert running.cancelled() or running.exception() is not None
        assert node.effects[-1] == place
        assert node.commands == asked

    on_node(story)


def test_a_plugin_that_is_killed_while_the_agent_works_leaves_the_request_to_the_agent() -> None:
    async def story(node: Node) -> None:
        node.agent_seconds = 5
        process = Process("spiderpool")
        process.spawn(node.execute(ADD), "main")
        await node.clock.sleep(1)
        process.crash()
        await node.clock.sleep(10)
        assert (node.commands, node.spooled) == (["ADD"], {})

    on_node(story)


def test_a_defect_of_the_agents_end_is_not_lost_with_a_killed_plugin() -> None:
    async def story(node: Node) -> None:
        async def broken(request: Request) -> Response:
            await node.clock.sleep(5)
            raise KeyError("defect")

        process = Process("spiderpool")
        process.spawn(
            execute(ADD, STDIN, clock=node.clock, connect=broken, spool=node.spool, parent_alive=lambda: True), "main"
        )
        await node.clock.sleep(1)
        process.crash()
        await node.clock.sleep(10)

    with pytest.raises(Unhandled, match="end failed: KeyError"):
        on_node(story)


def test_requests_and_answers_survive_the_way_through_bytes() -> None:
    request = parse_request(
        b"POST /v1/x?a=1&a=2&b= HTTP/1.1\r\nX-CNI-ARGS:  a=b;c=\xff \r\nContent-Length: 3\r\n\r\n\x00\r\n"
    )
    assert (request.method, request.path, request.query) == ("POST", "/v1/x", {"a": "1", "b": ""})
    assert request.headers["x-cni-args"].encode("utf-8", "surrogateescape") == b"a=b;c=\xff"
    assert request.body == b"\x00\r\n"
    assert response_bytes(Response(status=404, headers={"x-y": "1"}, body=b"no")) == (
        b"HTTP/1.1 404 Not Found\r\nx-y: 1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"POST /v1/cni/add HTTP/1.1\r\n",
        b"POST /v1/cni/add HTTP/1.1\r\nContent-Length: 5\r\n\r\nshort"[:-1],
        b"POST /v1/cni/add HTTP/1.1\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        b"POST /v1/cni/add HTTP/1.1\r\n\r\n",
    ],
)
def test_half_a_request_is_a_defect_of_the_plugin(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a header line|not one whole request"):
        parse_request(data)
