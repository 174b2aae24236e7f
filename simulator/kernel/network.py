"""The network between simulated hosts: messages take time, get lost, or wait behind a partition.

It moves questions and answers, not packets: ``call`` brings a question to a handler and the answer back, ``stream``
brings what another host emits. What TCP hides from programs is hidden here too (order within a stream, repetition);
what it cannot hide is there: latency, a reset connection, and silence, before or after the other side has acted.

A question that was sent is work of the world: it arrives although its sender has given up or crashed meanwhile. So a
write can commit after its client has stopped waiting.

Delays are drawn from the tape, one stream for each pair of hosts. Faults are rules that decide the fate of a message.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal, TypeVar

import msgspec

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.ownership import world_task
from simulator.kernel.tape import Tape

T = TypeVar("T")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

LATENCY_SECONDS = (0.0002, 0.002)  # one way, within one data centre
GIVE_UP_SECONDS = 900.0  # after so long, TCP stops repeating what nobody confirms


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one message.

    ``delay_seconds`` comes on top of the latency. ``reset``: it is lost, and the asking side learns at once that the
    connection is gone. ``silence``: it is lost, and nobody learns anything until TCP gives up.
    """

    outcome: Literal["deliver", "reset", "silence"] = "deliver"
    delay_seconds: float = 0.0


DELIVER = Fate()
RESET = Fate(outcome="reset")
SILENCE = Fate(outcome="silence")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way. ``question`` is what the call asks, on both legs; None for parts of a stream."""

    source: str
    target: str
    leg: Literal["question", "answer", "stream"]
    question: object = None


Rule = Callable[[Passage], Fate | None]
"""Decides the fate of a message; None: not my concern."""


class _Cut:
    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self.healed = asyncio.Event()


class Network:
    """All hosts, by name. A host reaches itself at once and always.

    Args:
        clock: any machine's; only waiting is asked of it.
        tape: draws latencies, under ``network:<source>><target>/latency``.
        latency_seconds: the least and the greatest one-way latency.
    """

    def __init__(
        self, clock: VirtualClock, tape: Tape, *, latency_seconds: tuple[float, float] = LATENCY_SECONDS
    ) -> None:
        self._clock = clock
        self._tape = tape
        self._latency_seconds = latency_seconds
        self._labels: dict[tuple[str, str], str] = {}
        self._cuts: dict[tuple[str, str], _Cut] = {}
        self._rules: dict[int, Rule] = {}
        self._rules_made = 0

    # --- faults ---

    def cut(self, a: str, b: str, *, silent: bool = True, one_way: bool = False) -> None:
        """Part two hosts.

        Args:
            a: one host.
            b: the other.
            silent: messages wait until the cut is healed (TCP repeats them) or TCP gives up; False: connections are
                reset at once.
            one_way: only what goes from ``a`` to ``b``.
        """
        for pair in ((a, b),) if one_way else ((a, b), (b, a)):
            self._remove_cut(pair)
            self._cuts[pair] = _Cut(silent=silent)

    def heal(self, a: str, b: str) -> None:
        """Join two hosts again, both ways."""
        self._remove_cut((a, b))
        self._remove_cut((b, a))

    def heal_all(self) -> None:
        """Join all hosts again."""
        for pair in list(self._cuts):
            self._remove_cut(pair)

    def is_cut(self, source: str, target: str) -> bool:
        """Whether messages from ``source`` do not reach ``target``."""
        return (source, target) in self._cuts

    def add_rule(self, rule: Rule) -> Callable[[], None]:
        """Let a rule decide about each message; the first that has an opinion counts. Call the result to remove it."""
        self._rules_made += 1
        number = self._rules_made
        self._rules[number] = rule
        return lambda: self._rules.pop(number, None) and None

    # --- messages ---

    async def transit(self, source: str, target: str, passage: Passage | None = None) -> None:
        """One message on its way; returns when it has arrived.

        Raises:
            ConnectionResetError: it is lost, and that is noticed at once.
            TimeoutError: it is lost, and TCP has given up.
        """
        if source == target:
            return
        fate = self._fate(passage) if passage is not None and self._rules else DELIVER
        await self._clock.sleep(self._latency(source, target) + fate.delay_seconds)
        if fate.outcome == "reset":
            raise ConnectionResetError(f"{source} to {target}: connection reset")
        if fate.outcome == "silence":
            await self._clock.sleep(GIVE_UP_SECONDS)
            raise TimeoutError(f"{source} to {target}: no answer for {GIVE_UP_SECONDS} s")
        while (cut := self._cuts.get((source, target))) is not None:
            if not cut.silent:
                raise ConnectionResetError(f"{source} to {target}: no route")
            async with self._clock.timeout(GIVE_UP_SECONDS):
                await cut.healed.wait()
            await self._clock.sleep(self._latency(source, target))

    async def call(
        self, source: str, target: str, handler: Callable[[Question], Awaitable[Answer]], question: Question
    ) -> Answer:
        """Ask, and wait for the answer.

        Args:
            source: who asks.
            target: where ``handler`` runs.
            handler: answers with a value; an ``OSError`` that it raises is passed on as the connection's. Any other
                error is a defect of the simulation and ends it.
            question: goes to the handler, even when the asking side gives up or crashes after sending.

        Raises:
            ConnectionError: lost, before or after the handler ran.
            TimeoutError: as above.
        """
        exchange = world_task(self._exchange(source, target, handler, question), f"{source}>{target}")
        exchange.add_done_callback(_seen)
        return await asyncio.shield(exchange)

    async def stream(self, source: str, target: str, parts: AsyncIterator[T]) -> AsyncIterator[T]:
        """What ``source`` emits, as it arrives at ``target``: in order, later, until the connection breaks.

        Raises:
            ConnectionResetError, TimeoutError: it broke.
        """
        passage = Passage(source=source, target=target, leg="stream")
        async for part in parts:
            await self.transit(source, target, passage)
            yield part

    async def _exchange(
        self, source: str, target: str, handler: Callable[[Question], Awaitable[Answer]], question: Question
    ) -> Answer:
        await self.transit(source, target, Passage(source=source, target=target, leg="question", question=question))
        try:
            answer = await handler(question)
        except OSError:
            raise
        except Exception as error:
            _abort(error)
            raise
        await self.transit(target, source, Passage(source=target, target=source, leg="answer", question=question))
        return answer

    def _fate(self, passage: Passage) -> Fate:
        for rule in list(self._rules.values()):
            fate = rule(passage)
            if fate is not None:
                return fate
        return DELIVER

    def _latency(self, source: str, target: str) -> float:
        label = self._labels.get((source, target))
        if label is None:
            label = self._labels[source, target] = f"network:{source}>{target}/latency"
        low, high = self._latency_seconds
        return self._tape.uniform(label, low, high)

    def _remove_cut(self, pair: tuple[str, str]) -> None:
        cut = self._cuts.pop(pair, None)
        if cut is not None:
            cut.healed.set()


def _seen(exchange: "asyncio.Task[object]") -> None:
    """The caller may have given up: then nobody else looks at how the exchange ended."""
    if not exchange.cancelled():
        exchange.exception()


def _abort(error: Exception) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    loop.abort(error)
