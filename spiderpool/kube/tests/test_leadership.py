"""At most one leader, soon a new one, and a Lease that people can read."""

import asyncio
from itertools import pairwise

import pytest
from msgspec.structs import replace

from spiderpool.kube.errors import Unavailable, UnknownOutcome
from spiderpool.kube.leadership import Leadership
from spiderpool.kube.rest import RestKube
from spiderpool.kube.tests.kit import LoopClock, SimTransport, cluster, entropy, run, running
from spiderpool.resources.core import Lease, LeaseSpec
from spiderpool.resources.kinds import LEASES
from spiderpool.resources.meta import ObjectMeta


class SkewedClock(LoopClock):
    """A machine whose wall clock is wrong."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead_seconds = ahead_seconds

    def now(self) -> float:
        return super().now() + self._ahead_seconds

    def monotonic(self) -> float:
        return super().monotonic() + 1000 * abs(self._ahead_seconds)


class Replica:
    """One replica; ``spans`` has when it led: (from, to)."""

    def __init__(self, transport: SimTransport, identity: str, ahead_seconds: float = 0) -> None:
        self.transport = SimTransport(transport.server)
        self.identity = identity
        self.spans: list[tuple[float, float]] = []
        self.errors: list[Exception] = []
        self.election = Leadership(
            RestKube(self.transport, watch_seconds=300, page_items=500),
            SkewedClock(ahead_seconds),
            entropy(len(identity)),
            name="controller",
            namespace="default",
            identity=identity,
            on_error=self.errors.append,
        )

    async def lead(self) -> None:
        start = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(1e6)
        finally:
            self.spans.append((start, asyncio.get_running_loop().time()))

    def cut_off(self) -> None:
        """Its requests fail from now on."""

        async def cut(method: str, path: str) -> None:
            raise Unavailable("no route to host")

        self.transport.before = cut

    def reconnect(self) -> None:
        self.transport.before = None


async def held(kube: RestKube) -> LeaseSpec:
    return (await kube.get(LEASES, "controller", namespace="default")).spec


def test_the_first_one_leads_at_once_and_the_others_wait() -> None:
    async def story() -> tuple[bool, bool, str, LeaseSpec]:
        transport, kube = cluster()
        one, two = Replica(transport, "one"), Replica(transport, "two")
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(1)
            async with running(two.election.run(two.lead)):
                await asyncio.sleep(600)
                return one.election.leading, two.election.leading, two.election.leader, await held(kube)

    leading_one, leading_two, leader, spec = run(story())
    assert (leading_one, leading_two, leader) == (True, False, "one")
    assert spec.holder_identity == "one"
    assert spec.lease_duration_seconds == 15
    assert spec.lease_transitions == 0
    assert spec.acquire_time == "2027-01-15T08:00:00.000000Z"
    assert spec.renew_time is not None
    assert spec.renew_time > "2027-01-15T08:09:55"


def test_a_leader_renews_with_one_request_and_looks_only_when_somebody_else_has_written() -> None:
    async def story() -> tuple[list[str], list[str]]:
        transport, kube = cluster()
        one, sent = Replica(transport, "one"), list[str]()

        async def note(method: str, path: str) -> None:
            sent.append(method)

        one.transport.before = note
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(60)
            quiet = sent[:]
            sent.clear()
            lease = await kube.get(LEASES, "controller", namespace="default")
            await kube.update(LEASES, replace(lease, metadata=replace(lease.metadata, labels={"seen": "yes"})))
            await asyncio.sleep(7)
            return quiet, sent[:3]

    quiet, after_a_change = run(story())
    assert quiet[:2] == ["GET", "POST"]
    assert set(quiet[2:]) == {"PUT"}
    assert after_a_change == ["PUT", "GET", "PUT"]


def test_a_leader_renews_at_half_its_deadline_and_tries_again_soon_after_a_failure() -> None:
    async def story() -> list[float]:
        transport, _ = cluster()
        one, renewed = Replica(transport, "one"), list[float]()

        async def note(method: str, path: str) -> None:
            if method == "PUT":
                renewed.append(asyncio.get_running_loop().time())

        one.transport.before = note
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(60)
            one.cut_off()
            await asyncio.sleep(7)
            one.transport.before = note
            await asyncio.sleep(3)
            assert one.election.leading
            return renewed[:]  # without the release

    renewed = run(story())
    gaps = [after - before for before, after in pairwise(renewed)]
    assert all(5 <= gap <= 6 for gap in gaps[:-1]), gaps
    assert 5 + 2 <= gaps[-1] < 10, gaps  # one has failed


def test_a_leader_that_stops_lets_the_next_one_in_at_once() -> None:
    async def story() -> tuple[Replica, Replica, LeaseSpec]:
        transport, kube = cluster()
        one, two = Replica(transport, "one"), Replica(transport, "two")
        async with running(two.election.run(two.lead)) as second:
            await asyncio.sleep(1)
            async with running(one.election.run(one.lead)):
                await asyncio.sleep(99)
                second.cancel()
                await asyncio.sleep(20)
                spec = await held(kube)
        return two, one, spec

    first, next_one, spec = run(story())
    assert first.spans == [(0.0, 100.0)]
    assert 100.0 <= next_one.spans[0][0] < 102.5
    assert (spec.holder_identity, spec.lease_transitions) == ("one", 1)


def test_a_lease_is_released_when_the_work_ends_and_its_error_comes_up() -> None:
    async def story() -> tuple[str | None, bool]:
        transport, kube = cluster()
        one = Replica(transport, "one")

        async def fail() -> None:
            raise KeyError("work")

        with pytest.raises(KeyError, match="work"):
            await one.election.run(fail)
        return (await held(kube)).holder_identity, one.election.leading

    assert run(story()) == ("", False)


def test_run_returns_when_the_work_has_ended() -> None:
    async def story() -> float:
        transport, _ = cluster()
        one = Replica(transport, "one")

        async def work() -> None:
            await asyncio.sleep(30)

        await one.election.run(work)
        return asyncio.get_running_loop().time()

    assert 30 <= run(story()) < 33


@pytest.mark.parametrize("ahead_seconds", [0.0, 86400.0, -86400.0])
def test_a_leader_that_is_cut_off_has_stopped_before_another_begins(ahead_seconds: float) -> None:
    async def story() -> tuple[Replica, Replica]:
        transport, _ = cluster()
        one, two = Replica(transport, "one"), Replica(transport, "two", ahead_seconds)
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(1)
            async with running(two.election.run(two.lead)):
                await asyncio.sleep(100)
                one.cut_off()
                await asyncio.sleep(100)
                one.reconnect()
                await asyncio.sleep(100)
        return one, two

    one, two = run(story())
    (_, stopped), *again = one.spans
    began = two.spans[0][0]
    assert 107 < stopped <= 111
    assert stopped < began <= 120
    assert again == [], "whoever leads goes on leading"


def test_a_leader_whose_requests_hang_stops_at_its_deadline() -> None:
    async def story() -> Replica:
        transport, _ = cluster()
        one = Replica(transport, "one")

        async def hang(method: str, path: str) -> None:
            await asyncio.sleep(1e6)

        async with running(one.election.run(one.lead)):
            await asyncio.sleep(100)
            one.transport.before = hang
            await asyncio.sleep(100)
        return one

    stopped = run(story()).spans[0][1]
    assert 107 < stopped <= 110


def test_of_replicas_that_start_together_and_lose_answers_never_two_lead() -> None:
    async def story() -> list[tuple[float, float]]:
        transport, _ = cluster()
        replicas = [Replica(transport, identity) for identity in ("a", "bb", "ccc")]
        draws = entropy(99)

        async def flaky(method: str, path: str) -> None:
            await asyncio.sleep(draws.below(100) / 50)
            if draws.below(4) == 0:
                raise UnknownOutcome("connection reset") if method != "GET" else Unavailable("connection reset")

        for replica in replicas:
            replica.transport.before = flaky
        a, b, c = (replica.election.run(replica.lead) for replica in replicas)
        async with running(a), running(b), running(c):
            await asyncio.sleep(20_000)
        return sorted(span for replica in replicas for span in replica.spans)

    spans = run(story())
    assert len(spans) > 5
    for (_, ended), (began, _) in pairwise(spans):
        assert ended <= began


def test_our_own_lease_whose_answer_was_lost_is_taken_at_the_next_try() -> None:
    async def story() -> tuple[list[str], float]:
        transport, _ = cluster()
        one = Replica(transport, "one")
        inner = one.transport.write
        lost: list[str] = []

        async def lose_the_first_answer(method: str, *rest: object) -> bytes:
            answer = await inner(method, *rest)  # type: ignore[arg-type]
            if not lost:
                lost.append(method)
                raise UnknownOutcome("connection reset")
            return answer

        one.transport.write = lose_the_first_answer  # type: ignore[method-assign, assignment]
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(10)
        return lost, one.spans[0][0]

    lost, began = run(story())
    assert lost == ["POST"]
    assert began < 2.5


def test_a_lease_of_another_length_is_respected() -> None:
    async def story() -> float:
        transport, kube = cluster()
        spec = LeaseSpec(holder_identity="other", lease_duration_seconds=120)
        await kube.create(LEASES, Lease(metadata=ObjectMeta(name="controller", namespace="default"), spec=spec))
        one = Replica(transport, "one")
        async with running(one.election.run(one.lead)):
            await asyncio.sleep(200)
        return one.spans[0][0]

    assert 120 <= run(story()) < 123


@pytest.mark.parametrize(("lease", "renew", "retry"), [(15, 15, 2), (15, 10, 10), (15.5, 10, 2), (15, 10, 0)])
def test_times_that_cannot_be_safe_are_refused(lease: float, renew: float, retry: float) -> None:
    with pytest.raises(ValueError, match="retry < renew < lease"):
        Leadership(
            None,  # type: ignore[arg-type]
            LoopClock(),
            entropy(),
            name="controller",
            namespace="default",
            identity="one",
            lease_seconds=lease,
            renew_seconds=renew,
            retry_seconds=retry,
        )
