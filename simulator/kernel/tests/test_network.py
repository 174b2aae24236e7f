"""Messages between hosts: delayed, lost before or after the other side has acted, held up by partitions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.network import GIVE_UP_SECONDS, RESET, SILENCE, Fate, Network, Passage, Rule
from simulator.kernel.process import Process
from simulator.kernel.running import run
from simulator.kernel.tape import Tape

T = TypeVar("T")


class Server:
    def __init__(self) -> None:
        self.handled: list[str] = []

    async def handle(self, question: str) -> str:
        self.handled.append(question)
        return question.upper()


def on_network(story: Callable[[Network, VirtualClock], Coroutine[Any, Any, T]], seed: int = 7) -> T:
    async def main() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        clock = VirtualClock(loop)
        return await story(Network(clock, Tape(seed), latency_seconds=(0.001, 0.01)), clock)

    return run(main())


def fate_of(leg: str, fate: Fate) -> Rule:
    def rule(passage: Passage) -> Fate | None:
        return fate if passage.leg == leg else None

    return rule


def test_a_question_and_its_answer_take_two_latencies_that_the_seed_decides() -> None:
    async def story(network: Network, clock: VirtualClock) -> float:
        assert await network.call("n1", "api", Server().handle, "hello") == "HELLO"
        return clock.monotonic()

    first = on_network(story)
    assert 0.002 <= first <= 0.02
    assert on_network(story) == first
    assert on_network(story, seed=8) != first


def test_a_host_reaches_itself_at_once() -> None:
    async def story(network: Network, clock: VirtualClock) -> float:
        network.cut("n1", "n1")
        await network.call("n1", "n1", Server().handle, "hello")
        return clock.monotonic()

    assert on_network(story) == 0


@pytest.mark.parametrize(("leg", "handled"), [("question", []), ("answer", ["write"])])
@pytest.mark.parametrize(
    ("fate", "error", "seconds"), [(RESET, ConnectionResetError, 0), (SILENCE, TimeoutError, GIVE_UP_SECONDS)]
)
def test_loss_strikes_before_or_after_the_handler_ran_and_the_caller_cannot_tell(
    leg: str, handled: list[str], fate: Fate, error: type[Exception], seconds: float
) -> None:
    server = Server()

    async def story(network: Network, clock: VirtualClock) -> float:
        network.add_rule(fate_of(leg, fate))
        with pytest.raises(error):
            await network.call("n1", "api", server.handle, "write")
        return clock.monotonic()

    assert on_network(story) == pytest.approx(seconds, abs=0.03)
    assert server.handled == handled


def test_a_question_that_was_sent_arrives_although_its_sender_has_given_up() -> None:
    server = Server()

    async def story(network: Network, clock: VirtualClock) -> list[list[str]]:
        remove = network.add_rule(fate_of("question", Fate(delay_seconds=100)))
        with pytest.raises(TimeoutError):
            async with clock.timeout(5):
                await network.call("n1", "api", server.handle, "late")
        remove()
        await network.call("n1", "api", server.handle, "second")
        before = list(server.handled)
        await clock.sleep(200)
        return [before, server.handled]

    assert on_network(story) == [["second"], ["second", "late"]]


@pytest.mark.parametrize("leg", ["question", "answer"])
def test_a_question_of_a_crashed_sender_still_arrives_and_its_lost_answer_is_nobodys_error(leg: str) -> None:
    server = Server()

    async def story(network: Network, clock: VirtualClock) -> None:
        network.add_rule(fate_of(leg, Fate(outcome="deliver" if leg == "question" else "reset", delay_seconds=1)))
        sender = Process("agent")
        sender.spawn(network.call("n1", "api", server.handle, "orphan"), "main")
        await clock.sleep(0.5)
        sender.crash()
        await clock.sleep(10)

    on_network(story)
    assert server.handled == ["orphan"]


def test_a_silent_partition_holds_messages_until_it_is_healed() -> None:
    async def story(network: Network, clock: VirtualClock) -> tuple[float, bool]:
        network.cut("n1", "api")
        asyncio.get_running_loop().call_later(60, network.heal, "api", "n1")
        await network.call("n1", "api", Server().handle, "hello")
        return clock.monotonic(), network.is_cut("n1", "api")

    seconds, cut = on_network(story)
    assert 60 < seconds < 60.1
    assert not cut


def test_a_silent_partition_that_lasts_ends_in_a_timeout() -> None:
    async def story(network: Network, clock: VirtualClock) -> float:
        network.cut("n1", "api")
        with pytest.raises(TimeoutError):
            await network.call("n1", "api", Server().handle, "hello")
        network.heal_all()
        await network.call("n1", "api", Server().handle, "hello")
        return clock.monotonic()

    assert on_network(story) == pytest.approx(GIVE_UP_SECONDS, abs=0.1)


def test_a_partition_with_resets_is_noticed_at_once_and_parts_only_the_two() -> None:
    async def story(network: Network, clock: VirtualClock) -> str:
        network.cut("n1", "api", silent=False)
        with pytest.raises(ConnectionResetError):
            await network.call("n1", "api", Server().handle, "hello")
        return await network.call("n2", "api", Server().handle, "hello")

    assert on_network(story) == "HELLO"


def test_a_partition_can_be_one_way_so_that_only_answers_are_lost() -> None:
    server = Server()

    async def story(network: Network, clock: VirtualClock) -> None:
        network.cut("api", "n1", silent=False, one_way=True)
        with pytest.raises(ConnectionResetError):
            await network.call("n1", "api", server.handle, "write")

    on_network(story)
    assert server.handled == ["write"]


def test_a_stream_arrives_in_order_and_breaks_when_the_hosts_are_parted() -> None:
    async def numbers(clock: VirtualClock) -> AsyncIterator[int]:
        for number in range(100):
            await clock.sleep(1)
            yield number

    async def read(network: Network, clock: VirtualClock) -> None:
        async for number in network.stream("api", "n1", numbers(clock)):
            seen.append(number)  # noqa: PERF401  what has arrived counts although the stream breaks

    async def story(network: Network, clock: VirtualClock) -> list[int]:
        asyncio.get_running_loop().call_later(3.5, lambda: network.cut("api", "n1", silent=False))
        with pytest.raises(ConnectionResetError):
            await read(network, clock)
        return seen

    seen: list[int] = []

    assert on_network(story) == [0, 1, 2]


def test_the_refusal_of_a_handler_is_the_callers_connection_error() -> None:
    async def refuse(question: str) -> str:
        raise ConnectionRefusedError("nobody listens")

    async def story(network: Network, clock: VirtualClock) -> None:
        with pytest.raises(ConnectionRefusedError, match="nobody listens"):
            await network.call("n1", "api", refuse, "hello")

    on_network(story)


def test_a_defect_of_a_handler_ends_the_simulation_whatever_the_caller_catches() -> None:
    async def broken(question: str) -> str:
        raise KeyError("defect")

    async def story(network: Network, clock: VirtualClock) -> str:
        try:
            return await network.call("n1", "api", broken, "hello")
        except Exception:  # noqa: BLE001  as a careless client does
            return "ignored"

    with pytest.raises(KeyError, match="defect"):
        on_network(story)


def test_the_first_rule_with_an_opinion_decides() -> None:
    asked: list[str] = []

    def no_opinion(passage: Passage) -> Fate | None:
        asked.append(f"{passage.source}>{passage.target} {passage.leg} {passage.question}")
        return None

    async def story(network: Network, clock: VirtualClock) -> None:
        network.add_rule(no_opinion)
        network.add_rule(fate_of("answer", RESET))
        network.add_rule(fate_of("answer", SILENCE))
        with pytest.raises(ConnectionResetError):
            await network.call("n1", "api", Server().handle, "hello")

    on_network(story)
    assert asked == ["n1>api question hello", "api>n1 answer hello"]
