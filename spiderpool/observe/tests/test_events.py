"""Events are said once per cause and never get in the way."""

from collections.abc import Callable, Coroutine
from typing import Any

from spiderpool.kube.errors import UnknownOutcome
from spiderpool.kube.rest import RestKube
from spiderpool.kube.tests.kit import LoopClock, SimTransport, cluster, entropy, run
from spiderpool.observe.events import CAUSES, QUIET_SECONDS, WRITE_SECONDS, Events
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.resources.core import Event, ObjectReference
from spiderpool.resources.kinds import EVENTS

POD = ObjectReference(api_version="v1", kind="Pod", namespace="default", name="web-0", uid="u1")
CLAIM = ObjectReference(kind="SpiderIPAddress", name="fd00-0000-0000-0000-0000-0000-0000-0001", uid="u2")


class World:
    def __init__(self) -> None:
        self.transport: SimTransport
        self.kube: RestKube
        self.transport, self.kube = cluster()
        self.clock = LoopClock()
        self.telemetry = MemoryTelemetry()
        self.events = Events(self.kube, self.clock, entropy(), "spiderpool-agent", self.telemetry)

    async def stored(self) -> list[Event]:
        return list((await self.kube.list(EVENTS)).items)


def story(tell: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        await tell(World())

    run(whole())


def test_an_event_says_what_happened_to_which_object_and_who_says_so() -> None:
    async def tell(world: World) -> None:
        await world.events.note(POD, "PoolFull", "pool v4 has no free address", "Warning")
        (event,) = await world.stored()
        assert event.involved_object == POD
        assert (event.reason, event.message, event.type) == ("PoolFull", "pool v4 has no free address", "Warning")
        assert event.metadata.namespace == "default"
        assert event.metadata.name.startswith("web-0.")
        assert event.source == {"component": "spiderpool-agent"}
        assert event.first_timestamp == event.last_timestamp == "2027-01-15T08:00:00Z"

    story(tell)


def test_an_event_about_a_cluster_scoped_object_lives_in_the_default_namespace() -> None:
    async def tell(world: World) -> None:
        await world.events.note(CLAIM, "PodGone", "released")
        (event,) = await world.stored()
        assert event.metadata.namespace == "default"
        assert event.involved_object.namespace == ""

    story(tell)


def test_the_same_cause_is_said_again_only_after_ten_minutes() -> None:
    async def tell(world: World) -> None:
        for _ in range(60):
            await world.events.note(POD, "PoolFull", "pool v4 has no free address")
            await world.clock.sleep(QUIET_SECONDS / 60 - 0.1)
        assert len(await world.stored()) == 1
        await world.clock.sleep(10)
        await world.events.note(POD, "PoolFull", "pool v4 has no free address")
        assert len(await world.stored()) == 2

    story(tell)


def test_other_reasons_and_other_objects_are_other_causes() -> None:
    async def tell(world: World) -> None:
        await world.events.note(POD, "PoolFull", "a")
        await world.events.note(POD, "PodGone", "b")
        await world.events.note(CLAIM, "PodGone", "c")
        assert sorted(event.message for event in await world.stored()) == ["a", "b", "c"]

    story(tell)


def test_an_event_that_cannot_be_written_is_counted_and_may_be_said_again() -> None:
    async def tell(world: World) -> None:
        async def lose(method: str, path: str) -> None:
            raise UnknownOutcome("no answer")

        world.transport.before = lose
        await world.events.note(POD, "PoolFull", "a")
        assert world.telemetry.counters == {("events_lost", ()): 1}
        world.transport.before = None
        await world.events.note(POD, "PoolFull", "a")
        assert len(await world.stored()) == 1

    story(tell)


def test_a_server_that_never_answers_holds_nobody_up() -> None:
    async def tell(world: World) -> None:
        async def hang(method: str, path: str) -> None:
            await world.clock.sleep(3600)

        world.transport.before = hang
        started = world.clock.monotonic()
        await world.events.note(POD, "PoolFull", "a")
        assert world.clock.monotonic() - started == WRITE_SECONDS
        assert world.telemetry.counters == {("events_lost", ()): 1}

    story(tell)


def test_the_memory_of_causes_is_bounded_by_forgetting_the_oldest() -> None:
    async def tell(world: World) -> None:
        for number in range(CAUSES + 1):
            await world.events.note(ObjectReference(kind="Pod", name=f"p{number}"), "PoolFull", "a")
        before = len(await world.stored())
        await world.events.note(ObjectReference(kind="Pod", name="p0"), "PoolFull", "a")
        await world.events.note(ObjectReference(kind="Pod", name=f"p{CAUSES}"), "PoolFull", "a")
        assert len(await world.stored()) == before + 1

    story(tell)


def test_a_long_message_is_cut_to_what_the_api_takes() -> None:
    async def tell(world: World) -> None:
        await world.events.note(POD, "PoolFull", "x" * 5000)
        assert len((await world.stored())[0].message) == 1024

    story(tell)
