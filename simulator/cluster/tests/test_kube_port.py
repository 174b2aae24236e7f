"""The Kube port on the simulated API server: the contract of all its implementations, and what a bad link does to it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from simulator.cluster import kube_port
from simulator.cluster.kube_port import SimKube, SimTransport
from simulator.kernel.clock import VirtualClock
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.loop import SimLoop
from simulator.kernel.ownership import world_task
from simulator.kernel.process import Process, guard
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.link import ApiLink, Effect, Fault, FaultPlan, FaultRule
from simulator.kube.server.api_server import ApiServer
from spiderpool.kube import errors
from spiderpool.kube.http import Limits
from spiderpool.kube.tests.contract import KubeContract, Story
from spiderpool.resources.core import Namespace
from spiderpool.resources.crds import definitions
from spiderpool.resources.kinds import NAMESPACES
from spiderpool.resources.meta import ObjectMeta

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Cluster:
    """A server, and one client whose link meets the faults of a plan."""

    def __init__(self, *faults: Fault, verb: str = "") -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.clock = VirtualClock(loop)
        self.server = ApiServer(self.clock, TapeEntropy(Tape(7), "server/entropy"))
        self.link = ApiLink(
            self.server,
            clock=self.clock,
            client="agent",
            latency=lambda: 0.001,
            decide=FaultPlan([FaultRule(fault=fault, verb=verb) for fault in faults]),
            spawn=lambda rest: world_task(rest, "on the wire"),
        )
        self.kube = SimKube(self.link, self.clock)

    def exists(self, name: str) -> bool:
        return ("", name) in self.server.store.table(("", "namespaces")).objects


def namespace(name: str) -> Namespace:
    return Namespace(metadata=ObjectMeta(name=name))


def on_cluster(story: Callable[[Cluster], Awaitable[None]], *faults: Fault, verb: str = "") -> None:
    async def main() -> None:
        await story(Cluster(*faults, verb=verb))

    run(main())


class TestSimKube(KubeContract):
    def play(self, story: Story) -> None:
        async def whole(cluster: Cluster) -> None:
            transport = SimTransport(cluster.server, cluster.clock)
            for document in definitions().values():
                await transport.write("POST", DEFINITIONS, document, "application/json")
            await story(SimKube(cluster.link, cluster.clock, page_items=3))

        on_cluster(whole)


def test_its_limits_are_those_of_the_http_client() -> None:
    limits = Limits()
    assert kube_port.ANSWER_SECONDS == limits.read_seconds == limits.write_seconds
    assert (limits.page_items, limits.watch_seconds) == (kube_port.PAGE_ITEMS, kube_port.WATCH_SECONDS)
    assert limits.watch_silence_seconds == kube_port.WATCH_SILENCE_SECONDS


@pytest.mark.parametrize(
    ("effect", "committed"), [("lose", False), ("lose_answer", True), ("refuse", False), ("commit_and_refuse", True)]
)
def test_a_write_without_an_answer_of_success_has_an_unknown_outcome(effect: Effect, *, committed: bool) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(errors.UnknownOutcome):
            await cluster.kube.create(NAMESPACES, namespace("a"))
        assert cluster.exists("a") is committed

    on_cluster(story, Fault(effect=effect))


@pytest.mark.parametrize("effect", ["lose", "lose_answer", "refuse"])
def test_a_read_without_an_answer_of_success_is_unavailable(effect: Effect) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(errors.Unavailable):
            await cluster.kube.get(NAMESPACES, "default")
        assert (await cluster.kube.get(NAMESPACES, "default")).metadata.name == "default"

    on_cluster(story, Fault(effect=effect))


def test_an_overloaded_server_says_when_to_come_again() -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(errors.TooManyRequests) as caught:
            await cluster.kube.create(NAMESPACES, namespace("a"))
        assert caught.value.retry_after_seconds == 7

    on_cluster(story, Fault(effect="refuse", status=429, retry_after_seconds=7))


def test_a_write_that_takes_too_long_is_given_up_and_may_commit_later() -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(errors.UnknownOutcome):
            await cluster.kube.create(NAMESPACES, namespace("late"))
        assert cluster.clock.monotonic() == kube_port.ANSWER_SECONDS
        assert not cluster.exists("late")
        await cluster.clock.sleep(60)
        assert cluster.exists("late")

    on_cluster(story, Fault(effect="delay", seconds=30))


def test_a_write_of_a_crashed_program_may_commit_later() -> None:
    async def story(cluster: Cluster) -> None:
        process = Process("agent")
        kube = guard(cluster.kube, process, "kube")
        process.spawn(kube.create(NAMESPACES, namespace("orphan")), "main")
        await cluster.clock.sleep(1)
        process.crash()
        await cluster.clock.sleep(1)
        assert not cluster.exists("orphan")
        await cluster.clock.sleep(60)
        assert cluster.exists("orphan")

    on_cluster(story, Fault(effect="delay", seconds=30))


def test_a_watch_whose_link_is_cut_is_unavailable_and_one_that_only_hangs_is_given_up() -> None:
    async def watch(cluster: Cluster) -> None:
        revision = (await cluster.kube.list(NAMESPACES)).revision
        with pytest.raises(errors.Unavailable):
            await anext(cluster.kube.watch(NAMESPACES, revision=revision))

    async def story(cluster: Cluster) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(5, cluster.link.cut_watches)
        await watch(cluster)
        assert cluster.clock.monotonic() == 5

        loop.call_later(5, cluster.link.set_state, "silent")
        await watch(cluster)
        assert 5 + 180 <= cluster.clock.monotonic() <= 10 + 180 + 1

    on_cluster(story)


def test_a_revision_that_is_no_longer_kept_is_expired() -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(errors.Expired):
            await anext(cluster.kube.watch(NAMESPACES, revision="1"))

    on_cluster(story, Fault(effect="refuse", status=410), verb="watch")


def test_a_program_that_crashes_or_stops_watching_leaves_no_watch_on_the_server() -> None:
    async def story(cluster: Cluster) -> None:
        async def program() -> None:
            revision = (await kube.list(NAMESPACES)).revision
            async for event in kube.watch(NAMESPACES, revision=revision):
                if event.object is not None and event.object.metadata.name == "enough":
                    break
            await cluster.clock.sleep(0.1)
            left.append(cluster.server.watches_open)
            async for _ in kube.watch(NAMESPACES, revision=revision):
                pass

        process = Process("agent")
        kube = guard(cluster.kube, process, "kube")
        process.spawn(program(), "main")
        await cluster.clock.sleep(1)
        await cluster.kube.create(NAMESPACES, namespace("enough"))
        await cluster.clock.sleep(1)
        assert cluster.server.watches_open == 1
        process.crash()
        await cluster.clock.sleep(1)
        assert cluster.server.watches_open == 0

    left: list[int] = []
    on_cluster(story)
    assert left == [0]


def test_what_is_sent_shares_nothing_with_the_sender() -> None:
    async def story(cluster: Cluster) -> None:
        labels = {"a": "1"}
        await cluster.kube.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="a", labels=labels)))
        labels["a"] = "changed later"
        assert (await cluster.kube.get(NAMESPACES, "a")).metadata.labels["a"] == "1"

    on_cluster(story)


def test_a_watch_that_says_nothing_for_too_long_is_given_up() -> None:
    async def story(cluster: Cluster) -> None:
        events = cluster.kube.watch(NAMESPACES, revision=(await cluster.kube.list(NAMESPACES)).revision)
        await cluster.kube.create(NAMESPACES, namespace("told"))
        assert (await anext(events)).type == "ADDED"
        cluster.link.set_state("silent")
        await cluster.clock.sleep(250)  # longer than any silence may last, but nobody listens
        began = cluster.clock.monotonic()
        with pytest.raises(errors.Unavailable):
            await anext(events)
        assert cluster.clock.monotonic() - began == pytest.approx(kube_port.WATCH_SILENCE_SECONDS)

    on_cluster(story)
