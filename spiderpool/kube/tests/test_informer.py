"""The copy converges, whatever happens to the stream, and tells each object's path without going back."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from simulator.kernel.running import Unhandled
from spiderpool.kube.errors import Expired, Unavailable
from spiderpool.kube.informer import Change, Informer
from spiderpool.kube.rest import RestKube
from spiderpool.kube.tests.kit import LoopClock, SimTransport, cluster, create_pod, entropy, run, running
from spiderpool.resources.core import Lease, Pod
from spiderpool.resources.kinds import LEASES, PODS
from spiderpool.resources.meta import ObjectMeta

Told = tuple[Change, str | None, str | None]


def lease(name: str, uid: str = "", revision: str = "") -> Lease:
    return Lease(metadata=ObjectMeta(name=name, namespace="default", uid=uid, resource_version=revision))


class Follower:
    """An informer of Leases and what its handlers were told: names in ``told``, uids in ``uids``."""

    def __init__(self, kube: RestKube) -> None:
        self.told: list[Told] = []
        self.uids: list[Told] = []
        self.errors: list[Exception] = []
        self.copy = Informer(
            kube,
            LEASES,
            LoopClock(),
            entropy(),
            on_change=self._on_change,
            on_error=self.errors.append,
            base_seconds=0.5,
            cap_seconds=8.0,
        )

    def _on_change(self, change: Change, old: Lease | None, new: Lease | None) -> None:
        self.told.append((change, old.metadata.name if old else None, new.metadata.name if new else None))
        self.uids.append((change, old.metadata.uid if old else None, new.metadata.uid if new else None))

    @property
    def names(self) -> list[str]:
        return [item.metadata.name for item in self.copy.items()]


async def create(kube: RestKube, *names: str) -> list[Lease]:
    return [await kube.create(LEASES, lease(name)) for name in names]


async def change(kube: RestKube, name: str, holder: str) -> Lease:
    return await kube.patch(LEASES, name, {"spec": {"holderIdentity": holder}}, namespace="default")


async def delete(kube: RestKube, name: str) -> None:
    await kube.delete(LEASES, name, namespace="default")


def count(transport: SimTransport, method: str) -> int:
    return sum(sent == method for sent, _ in transport.sent)


def test_the_copy_has_the_list_and_then_every_change() -> None:
    async def story() -> tuple[list[Told], list[str], list[Exception]]:
        _, kube = cluster()
        follower = Follower(kube)
        await create(kube, "b", "a")
        async with running(follower.copy.run()):
            await follower.copy.synced()
            await create(kube, "c")
            await change(kube, "a", "x")
            await delete(kube, "b")
            await asyncio.sleep(1)
            return follower.told, follower.names, follower.errors

    assert run(story()) == (
        [
            ("ADDED", None, "a"),
            ("ADDED", None, "b"),
            ("ADDED", None, "c"),
            ("MODIFIED", "a", "a"),
            ("DELETED", "b", None),
        ],
        ["a", "c"],
        [],
    )


def test_one_object_is_found_by_namespace_and_name() -> None:
    async def story() -> tuple[str | None, Lease | None, Lease | None]:
        _, kube = cluster()
        follower = Follower(kube)
        await create(kube, "a")
        await change(kube, "a", "x")
        async with running(follower.copy.run()):
            await follower.copy.synced()
            found = follower.copy.get("a", "default")
            assert found is not None
            return found.spec.holder_identity, follower.copy.get("a"), follower.copy.get("b", "default")

    assert run(story()) == ("x", None, None)


def test_synced_waits_for_the_first_list_and_its_handlers() -> None:
    async def story() -> tuple[list[Told], float, list[Told]]:
        transport, kube = cluster()
        follower = Follower(kube)
        await create(kube, "a")

        async def slowly(method: str, path: str) -> None:
            await asyncio.sleep(3)

        transport.before = slowly
        async with running(follower.copy.run()):
            await asyncio.sleep(0)
            before = list(follower.told)
            await follower.copy.synced()
            return before, asyncio.get_running_loop().time(), follower.told

    assert run(story()) == ([], 3.0, [("ADDED", None, "a")])


def test_only_what_the_selectors_match_is_in_the_copy() -> None:
    async def story() -> tuple[list[str], list[str]]:
        transport, kube = cluster()
        by_node = Informer(kube, PODS, LoopClock(), entropy(), fields="spec.nodeName=n1")
        by_label = Informer(kube, PODS, LoopClock(), entropy(), namespace="default", labels="app=web")
        async with running(by_node.run()), running(by_label.run()):
            await by_node.synced()
            await by_label.synced()
            await create_pod(transport, "a")
            await create_pod(transport, "b", node="n2")
            await create_pod(transport, "c", app="web")
            await create_pod(transport, "d", node="n2", app="web")
            await asyncio.sleep(1)
            return _names(by_node), _names(by_label)

    assert run(story()) == (["a", "c"], ["c", "d"])


def _names(informer: Informer[Pod]) -> list[str]:
    return [item.metadata.name for item in informer.items()]


def test_a_stream_that_the_server_ends_is_followed_on_without_a_list_or_a_repetition() -> None:
    async def story() -> tuple[list[Told], int, int]:
        transport, kube = cluster(watch_seconds=10)
        follower = Follower(kube)
        async with running(follower.copy.run()):
            await follower.copy.synced()
            for name in "abc":
                await create(kube, name)
                await asyncio.sleep(15)
        return follower.told, count(transport, "GET"), count(transport, "WATCH")

    told, lists, watches = run(story())
    assert told == [("ADDED", None, "a"), ("ADDED", None, "b"), ("ADDED", None, "c")]
    assert lists == 1
    assert watches == 5  # at 0, 10, 20, 30 and 40 s


def test_bookmarks_keep_the_revision_young_on_a_quiet_list() -> None:
    async def story() -> tuple[str, str]:
        transport, kube = cluster()
        follower = Follower(kube)
        async with running(follower.copy.run()):
            await follower.copy.synced()
            first = follower.copy.revision
            for number in range(10):
                await create_pod(transport, f"other-{number}")
            await asyncio.sleep(130)
            assert follower.copy.revision == str(transport.server.store.revision)
            return first, follower.copy.revision

    first, later = run(story())
    assert first != later


def test_changes_missed_while_the_history_was_lost_are_derived_from_a_new_list() -> None:
    async def story() -> tuple[list[Told], list[str], list[type[Exception]]]:
        transport, kube = cluster()
        follower = Follower(kube)
        await create(kube, "gone", "kept", "changed", "replaced")
        async with running(follower.copy.run()):
            await follower.copy.synced()
            follower.told.clear()
            gate = asyncio.Event()

            async def away(method: str, path: str) -> None:
                if method == "WATCH":
                    await gate.wait()

            await asyncio.sleep(2)
            transport.before = away
            transport.server.cut_watches()
            await delete(kube, "gone")
            await change(kube, "changed", "x")
            await delete(kube, "replaced")
            await create(kube, "replaced", "new")
            transport.server.store.compact()
            gate.set()
            await asyncio.sleep(5)
            await create(kube, "after")
            await asyncio.sleep(1)
            return follower.told, follower.names, [type(error) for error in follower.errors]

    told, held, errors = run(story())
    assert told == [
        ("DELETED", "gone", None),
        ("MODIFIED", "changed", "changed"),
        ("ADDED", None, "new"),
        ("DELETED", "replaced", None),
        ("ADDED", None, "replaced"),
        ("ADDED", None, "after"),
    ]
    assert held == ["after", "changed", "kept", "new", "replaced"]
    assert errors == [Expired]


def test_an_object_replaced_under_its_name_is_told_as_two_objects() -> None:
    async def story() -> bool:
        _, kube = cluster()
        follower = Follower(kube)
        (first,) = await create(kube, "a")
        async with running(follower.copy.run()):
            await follower.copy.synced()
            await delete(kube, "a")
            (second,) = await create(kube, "a")
            await asyncio.sleep(1)
        return follower.uids == [
            ("ADDED", None, first.metadata.uid),
            ("DELETED", first.metadata.uid, None),
            ("ADDED", None, second.metadata.uid),
        ]

    assert run(story())


def test_a_server_that_is_away_is_asked_less_and_less_often_and_found_again() -> None:
    async def story() -> tuple[list[float], list[str], list[Exception]]:
        transport, kube = cluster()
        follower = Follower(kube)
        tries: list[float] = []

        async def away(method: str, path: str) -> None:
            tries.append(asyncio.get_running_loop().time())
            raise Unavailable("connection refused")

        transport.before = away
        async with running(follower.copy.run()):
            await asyncio.sleep(100)
            transport.before = None
            await create(kube, "a")
            await asyncio.sleep(15)
            return tries, follower.names, follower.errors

    tries, held, errors = run(story())
    waits = [later - earlier for earlier, later in pairwise(tries)]
    for wait, least in zip(waits, (0.5, 1, 2, 4, *[8.0] * 20), strict=False):
        assert least <= wait < 1.5 * least
    assert len(waits) > 8
    assert held == ["a"]
    assert len(errors) == len(tries)


def test_a_broken_stream_is_resumed_and_after_five_failures_listed_anew() -> None:
    async def story() -> tuple[int, int]:
        transport, kube = cluster()
        follower = Follower(kube)

        async def broken(method: str, path: str) -> None:
            if method == "WATCH":
                raise Unavailable("504 revision too large")

        async with running(follower.copy.run()):
            await follower.copy.synced()
            transport.before = broken
            transport.server.cut_watches()
            await asyncio.sleep(9)
            early = count(transport, "GET")
            await asyncio.sleep(20)
            return early, count(transport, "GET")

    assert run(story()) == (1, 2)


def test_a_server_that_ends_every_stream_at_once_is_not_asked_in_a_tight_loop() -> None:
    async def story() -> tuple[int, set[type[Exception]]]:
        transport, kube = cluster()
        follower = Follower(kube)

        async def cut_at_once(method: str, path: str) -> None:
            asyncio.get_running_loop().call_soon(transport.server.cut_watches)

        transport.before = cut_at_once
        async with running(follower.copy.run()):
            await asyncio.sleep(60)
        return count(transport, "WATCH"), {type(error) for error in follower.errors}

    watches, errors = run(story())
    assert 3 < watches < 15
    assert errors == {Unavailable}


def test_a_failing_handler_is_heard_and_the_copy_goes_on() -> None:
    held: list[list[str]] = []

    async def story() -> None:
        _, kube = cluster()

        def on_change(kind_of_change: Change, old: Lease | None, new: Lease | None) -> None:
            if new is not None and new.metadata.name == "bad":
                raise KeyError("bad")

        copy = Informer(kube, LEASES, LoopClock(), entropy(), on_change=on_change)
        async with running(copy.run()):
            await copy.synced()
            await create(kube, "bad", "good")
            await asyncio.sleep(1)
            held.append([item.metadata.name for item in copy.items()])

    with pytest.raises(Unhandled, match="handler of leases failed on ADDED"):
        run(story())
    assert held == [["bad", "good"]]


class Script:
    """A transport to a server that says what a test wants it to say: one list, one stream, and silence."""

    def __init__(self, listed: list[Lease], streamed: list[tuple[Change, Lease]]) -> None:
        self.listed = listed
        self.streamed = streamed
        self.watched_from: list[str] = []

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        return msgspec.json.encode({"metadata": {"resourceVersion": "100"}, "items": self.listed})

    async def write(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> bytes:
        raise AssertionError("an informer does not write")

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        self.watched_from.append(query["resourceVersion"])
        if len(self.watched_from) > 1:
            await asyncio.sleep(3600)
        for kind_of_change, item in self.streamed:
            yield msgspec.json.encode({"type": kind_of_change, "object": item})


def followed(listed: list[Lease], *streamed: tuple[Change, Lease]) -> tuple[list[Told], list[str]]:
    """What the handlers are told after the list, and from where streams are followed."""

    async def story() -> tuple[list[Told], list[str]]:
        script = Script(listed, list(streamed))
        follower = Follower(RestKube(script, watch_seconds=300, page_items=500))
        async with running(follower.copy.run()):
            await asyncio.sleep(60)
        return follower.uids[len(listed) :], script.watched_from

    return run(story())


def test_the_same_version_told_again_is_no_change() -> None:
    same = lease("a", "u1", "9")
    assert followed([same], ("ADDED", same), ("MODIFIED", same)) == ([], ["100", "9"])


def test_a_deletion_of_an_object_that_is_not_in_the_copy_is_not_told() -> None:
    told, _ = followed(
        [lease("a", "u2", "9")], ("DELETED", lease("a", "u1", "11")), ("DELETED", lease("b", "u3", "12"))
    )
    assert told == []


def test_versions_are_never_compared_by_size() -> None:
    told, watched_from = followed([lease("a", "u1", "zz")], ("MODIFIED", lease("a", "u1", "aa")))
    assert told == [("MODIFIED", "u1", "u1")]
    assert watched_from == ["100", "aa"]


def test_a_replacement_without_a_deletion_in_between_is_told_as_two_objects() -> None:
    told, _ = followed([lease("a", "u1", "9")], ("MODIFIED", lease("a", "u2", "11")))
    assert told == [("DELETED", "u1", None), ("ADDED", None, "u2")]


def test_a_silent_stream_that_ends_after_a_while_forgives_earlier_failures() -> None:
    async def story() -> int:
        transport, kube = cluster(watch_seconds=10)
        follower = Follower(kube)
        failing = True

        async def every_other(method: str, path: str) -> None:
            nonlocal failing
            if method == "WATCH":
                failing = not failing
                if failing:
                    raise Unavailable("connection reset")

        transport.before = every_other
        async with running(follower.copy.run()):
            await asyncio.sleep(300)
        return count(transport, "GET")

    assert run(story()) == 1
