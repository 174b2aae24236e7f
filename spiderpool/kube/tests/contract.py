"""What every implementation of the Kube port does, whatever is behind it.

A subclass says how to ``play`` a story; the stories are the same. They keep to objects whose names begin with the
name of the story, so that one server can serve them all.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from spiderpool.kube import codec, errors
from spiderpool.kube.port import Kube, WatchEvent
from spiderpool.resources.core import Lease, LeaseSpec
from spiderpool.resources.kinds import CLAIMS, LEASES, NAMESPACES, POOLS
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import PoolSpec, PoolStatus, SpiderIPPool
from spiderpool.resources.tests.test_models import FULL_CLAIM

Story = Callable[[Kube], Awaitable[None]]

NS = "default"


def lease(name: str, holder: str = "x", **labels: str) -> Lease:
    return Lease(metadata=ObjectMeta(name=name, namespace=NS, labels=labels), spec=LeaseSpec(holder_identity=holder))


def held_by(item: Lease, holder: str) -> Lease:
    return msgspec.structs.replace(item, spec=LeaseSpec(holder_identity=holder))


async def take(kube: Kube, count: int, *, revision: str, labels: str) -> list[WatchEvent[Lease]]:
    """The first events of a watch, without bookmarks."""
    events: list[WatchEvent[Lease]] = []
    stream = kube.watch(LEASES, revision=revision, namespace=NS, labels=labels)
    async for event in stream:
        if event.type != "BOOKMARK":
            events.append(event)
        if len(events) == count:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    return events


class KubeContract:
    """The stories."""

    def play(self, story: Story) -> None:
        """Run a story against a server that has the project's definitions."""
        raise NotImplementedError

    def test_what_is_created_is_read_back_with_what_the_server_added(self) -> None:
        async def story(kube: Kube) -> None:
            made = await kube.create(LEASES, lease("create-a"))
            assert made.metadata.uid
            assert made.metadata.resource_version
            assert made.metadata.creation_timestamp
            assert await kube.get(LEASES, "create-a", namespace=NS) == made

        self.play(story)

    def test_one_creator_of_a_name_wins(self) -> None:
        async def story(kube: Kube) -> None:
            results = await asyncio.gather(
                *(kube.create(LEASES, lease("race-a", holder)) for holder in "xyz"), return_exceptions=True
            )
            lost = [type(result) for result in results if isinstance(result, Exception)]
            won = [result for result in results if isinstance(result, Lease)]
            assert lost == [errors.AlreadyExists] * 2
            assert won == [await kube.get(LEASES, "race-a", namespace=NS)]

        self.play(story)

    def test_what_does_not_exist_is_not_found_by_any_call(self) -> None:
        async def story(kube: Kube) -> None:
            ghost = lease("ghost")
            ghost = msgspec.structs.replace(ghost, metadata=msgspec.structs.replace(ghost.metadata, uid="u"))
            for call in (
                kube.get(LEASES, "ghost", namespace=NS),
                kube.patch(LEASES, "ghost", {"spec": {"holderIdentity": "y"}}, namespace=NS),
                kube.delete(LEASES, "ghost", namespace=NS),
                kube.create(LEASES, msgspec.structs.replace(ghost, metadata=ObjectMeta(name="a", namespace="ghosts"))),
            ):
                with pytest.raises(errors.NotFound):
                    await call

        self.play(story)

    def test_an_update_of_a_version_that_is_not_current_is_a_conflict(self) -> None:
        async def story(kube: Kube) -> None:
            first = await kube.create(LEASES, lease("update-a"))
            second = await kube.update(LEASES, held_by(first, "y"))
            assert second.metadata.resource_version != first.metadata.resource_version
            with pytest.raises(errors.Conflict):
                await kube.update(LEASES, held_by(first, "z"))
            assert (await kube.get(LEASES, "update-a", namespace=NS)).spec.holder_identity == "y"

        self.play(story)

    def test_a_merge_patch_changes_what_it_names_and_null_takes_away(self) -> None:
        async def story(kube: Kube) -> None:
            await kube.create(LEASES, lease("patch-a", gone="1", kept="2"))
            merge = {"metadata": {"labels": {"gone": None, "new": "3"}}, "spec": {"leaseDurationSeconds": 7}}
            patched = await kube.patch(LEASES, "patch-a", merge, namespace=NS)
            assert patched.metadata.labels == {"kept": "2", "new": "3"}
            assert patched.spec == LeaseSpec(holder_identity="x", lease_duration_seconds=7)

        self.play(story)

    def test_a_delete_hits_only_the_incarnation_that_it_names(self) -> None:
        async def story(kube: Kube) -> None:
            first = await kube.create(LEASES, lease("delete-a"))
            second = await kube.update(LEASES, held_by(first, "y"))
            uid, revision = second.metadata.uid, second.metadata.resource_version
            for wrong in ({"uid": "another"}, {"revision": first.metadata.resource_version}):
                with pytest.raises(errors.Conflict):
                    await kube.delete(LEASES, "delete-a", namespace=NS, **wrong)
            await kube.delete(LEASES, "delete-a", namespace=NS, uid=uid, revision=revision)
            with pytest.raises(errors.NotFound):
                await kube.get(LEASES, "delete-a", namespace=NS)
            await kube.create(LEASES, lease("delete-a"))
            with pytest.raises(errors.Conflict):
                await kube.delete(LEASES, "delete-a", namespace=NS, uid=uid)

        self.play(story)

    def test_a_list_has_all_that_matches_by_name_and_over_several_pages(self) -> None:
        async def story(kube: Kube) -> None:
            for number in (3, 0, 6, 1, 5, 2, 4):
                await kube.create(LEASES, lease(f"list-{number}", story="list", odd=str(number % 2)))
            everything = await kube.list(LEASES, namespace=NS, labels="story=list")
            assert [item.metadata.name for item in everything.items] == [f"list-{number}" for number in range(7)]
            odd = await kube.list(LEASES, labels="story=list,odd=1")
            assert [item.metadata.name for item in odd.items] == ["list-1", "list-3", "list-5"]
            one = await kube.list(LEASES, namespace=NS, fields="metadata.name=list-4")
            assert [item.metadata.name for item in one.items] == ["list-4"]
            nothing = await kube.list(LEASES, namespace=NS, labels="story=none")
            assert (list(nothing.items), bool(nothing.revision)) == ([], True)

        self.play(story)

    def test_a_watch_tells_all_that_follows_a_list_in_order(self) -> None:
        async def story(kube: Kube) -> None:
            await kube.create(LEASES, lease("watch-before", story="watch"))
            start = (await kube.list(LEASES, namespace=NS, labels="story=watch")).revision
            first = await kube.create(LEASES, lease("watch-a", story="watch"))
            await kube.create(LEASES, lease("watch-other", story="other"))
            second = await kube.update(LEASES, held_by(first, "y"))
            await kube.delete(LEASES, "watch-a", namespace=NS)
            events = await take(kube, 3, revision=start, labels="story=watch")
            assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
            assert [event.object for event in events[:2]] == [first, second]
            assert [event.revision for event in events[:2]] == [
                first.metadata.resource_version,
                second.metadata.resource_version,
            ]
            rest = await take(kube, 1, revision=events[1].revision, labels="story=watch")
            assert rest == events[2:]

        self.play(story)

    def test_an_object_that_stops_to_match_is_told_as_deleted(self) -> None:
        async def story(kube: Kube) -> None:
            start = (await kube.list(LEASES, namespace=NS, labels="story=leaves")).revision
            await kube.create(LEASES, lease("leaves-a", story="leaves"))
            await kube.patch(LEASES, "leaves-a", {"metadata": {"labels": {"story": "left"}}}, namespace=NS)
            events = await take(kube, 2, revision=start, labels="story=leaves")
            assert [event.type for event in events] == ["ADDED", "DELETED"]

        self.play(story)

    def test_an_object_that_the_server_does_not_accept_is_invalid_and_the_fields_are_named(self) -> None:
        async def story(kube: Kube) -> None:
            bad = lease("invalid-a")
            bad = msgspec.structs.replace(bad, metadata=ObjectMeta(name="Not_A_Name", namespace=NS))
            with pytest.raises(errors.Invalid) as caught:
                await kube.create(LEASES, bad)
            assert [cause.field for cause in caught.value.causes] == ["metadata.name"]

        self.play(story)

    def test_an_update_writes_no_status_and_an_update_of_the_status_nothing_else(self) -> None:
        async def story(kube: Kube) -> None:
            spec = PoolSpec(subnet="10.6.0.0/16", ips=("10.6.0.10-10.6.0.20",), ip_version=4)
            made = await kube.create(POOLS, SpiderIPPool(metadata=ObjectMeta(name="status-a"), spec=spec))
            counted = msgspec.structs.replace(
                made,
                spec=msgspec.structs.replace(spec, ips=()),
                status=PoolStatus(total_ip_count=11, allocated_ip_count=1),
            )
            written = await kube.update_status(POOLS, counted)
            assert written.status is not None
            assert written.status.total_ip_count == 11
            assert written.spec.ips == ("10.6.0.10-10.6.0.20",)
            plain = msgspec.structs.replace(
                written, spec=msgspec.structs.replace(written.spec, disable=True), status=None
            )
            replaced = await kube.update(POOLS, plain)
            assert replaced.status == written.status
            assert replaced.metadata.generation == made.metadata.generation + 1

        self.play(story)

    def test_cluster_wide_kinds_have_no_namespace(self) -> None:
        async def story(kube: Kube) -> None:
            default = await kube.get(NAMESPACES, "default")
            assert default.metadata.namespace == ""
            assert "default" in [item.metadata.name for item in (await kube.list(NAMESPACES)).items]

        self.play(story)

    def test_a_claim_is_read_back_as_it_was_written_and_has_one_owner(self) -> None:
        async def story(kube: Kube) -> None:
            full = codec.from_json(CLAIMS, FULL_CLAIM)
            claim = msgspec.structs.replace(full, metadata=ObjectMeta(name=full.name))
            made = await kube.create(CLAIMS, claim)
            assert made.spec == claim.spec
            assert (await kube.get(CLAIMS, claim.name)).spec == claim.spec
            with pytest.raises(errors.AlreadyExists):
                await kube.create(CLAIMS, claim)

        self.play(story)
