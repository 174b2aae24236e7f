"""Workload controllers, scheduler and node lifecycle on simulated nodes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kube.api import Json
from simulator.kube.controllers.control_plane import control_plane
from simulator.kube.node.tests.node_world import World, simulate

BOX = [{"name": "c", "image": "localhost/box:1"}]


async def cluster(world: World, nodes: int = 3, *, shown: bool = False) -> None:
    for work in control_plane(world.api, VirtualClock(world.loop), world.tape, world.trace, shown=shown):
        world.spawn(work)
    for number in range(nodes):
        world.node(f"n{number + 1}").boot()
    await world.sleep(3)


def in_a_cluster(
    body: Callable[[World], Awaitable[None]], seed: int = 1, nodes: int = 3, *, shown: bool = False
) -> World:
    async def main(world: World) -> None:
        await cluster(world, nodes, shown=shown)
        world.mark()
        await body(world)

    return simulate(main, seed)


def workload(name: str, template: Json | None = None, **spec: Any) -> Json:
    pod = {"terminationGracePeriodSeconds": 1, "containers": BOX, **(template or {})}
    labels = {"app": name}
    return {
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            **spec,
        },
    }


async def pods(world: World) -> list[Json]:
    return (await world.client.list("pods", {}))[0]


async def status(world: World, resource: str, name: str) -> Json:
    item = await world.client.get(resource, name, "default")
    return dict((item or {}).get("status") or {})


def has(world: World, resource: str, name: str, **wanted: Any) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        have = await status(world, resource, name)
        return all(have.get(field) == value for field, value in wanted.items())

    return check


def addresses(items: list[Json]) -> list[str]:
    return [pod["status"].get("podIP", "") for pod in items]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_deployment_gets_its_replicas_spread_over_all_nodes(seed: int) -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=6), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=6, updatedReplicas=6), 10)
        found = await pods(world)
        per_node = [sum(1 for pod in found if pod["spec"]["nodeName"] == node) for node in ("n1", "n2", "n3")]
        assert per_node == [2, 2, 2]
        assert len(set(addresses(found))) == 6
        assert all(pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet" for pod in found)

    in_a_cluster(body, seed)


def test_scaling_up_and_down_leaves_exactly_the_wanted_pods() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=2), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=2), 10)
        for replicas in (5, 1):
            await world.client.patch("deployments", "web", {"spec": {"replicas": replicas}}, namespace="default")
            wanted = {"replicas": replicas, "readyReplicas": replicas}
            await world.until(has(world, "deployments", "web", **wanted), 15)
        await world.sleep(10)
        assert len(await pods(world)) == 1
        assert len(world.ipam.held) == 1

    in_a_cluster(body)


def test_a_rolling_update_never_has_too_few_or_too_many_pods() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=4), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=4), 10)
        old = {pod["metadata"]["uid"] for pod in await pods(world)}
        change = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
        await world.client.patch("deployments", "web", change, namespace="default")
        for _ in range(400):
            await world.sleep(0.1)
            living = [pod for pod in await pods(world) if not pod["metadata"].get("deletionTimestamp")]
            ready = [pod for pod in living if world_ready(pod)]
            assert len(living) <= 5
            assert len(ready) >= 3
        found = await pods(world)
        assert len(found) == 4
        assert not old & {pod["metadata"]["uid"] for pod in found}

    in_a_cluster(body)


def test_recreate_removes_all_old_pods_before_the_first_new_one() -> None:
    async def body(world: World) -> None:
        spec = workload("web", replicas=2, strategy={"type": "Recreate"})
        await world.client.create("deployments", spec, "default")
        await world.until(has(world, "deployments", "web", readyReplicas=2), 10)
        old = {pod["metadata"]["uid"] for pod in await pods(world)}
        change = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
        await world.client.patch("deployments", "web", change, namespace="default")
        for _ in range(200):
            await world.sleep(0.05)
            seen = {pod["metadata"]["uid"] for pod in await pods(world)}
            assert not (seen & old and seen - old)
        assert len(seen - old) == 2

    in_a_cluster(body)


def test_a_statefulset_makes_its_pods_in_order_from_its_first_ordinal() -> None:
    async def body(world: World) -> None:
        await world.client.create("statefulsets", workload("db", replicas=3, ordinals={"start": 5}), "default")
        seen: list[str] = []
        for _ in range(400):
            await world.sleep(0.02)
            for pod in await pods(world):
                name = pod["metadata"]["name"]
                if name not in seen:
                    assert all(world_ready(other) for other in await pods(world) if other != pod)
                    seen.append(name)
        assert seen == ["db-5", "db-6", "db-7"]
        assert (await status(world, "statefulsets", "db"))["readyReplicas"] == 3
        await world.client.patch("statefulsets", "db", {"spec": {"replicas": 1}}, namespace="default")
        await world.until(has(world, "statefulsets", "db", replicas=1), 20)
        assert [pod["metadata"]["name"] for pod in await pods(world)] == ["db-5"]

    in_a_cluster(body)


def test_a_statefulset_pod_comes_back_with_a_new_uid_only_when_the_old_object_is_gone() -> None:
    async def body(world: World) -> None:
        await world.client.create("statefulsets", workload("db", replicas=2), "default")
        await world.until(has(world, "statefulsets", "db", readyReplicas=2), 15)
        old = await world.pod("db-1")
        assert old is not None
        await world.delete("db-1")

        async def replaced() -> bool:
            pod = await world.pod("db-1")
            return pod is not None and pod["metadata"]["uid"] != old["metadata"]["uid"] and world_ready(pod)

        await world.until(replaced, 15)
        verbs = [line.verb for line in world.lines if line.pod == "db-1"]
        assert verbs == ["ADD", "DEL", "ADD"]

    in_a_cluster(body)


def test_a_new_template_of_a_statefulset_replaces_one_pod_after_the_other() -> None:
    async def body(world: World) -> None:
        spec = workload("db", replicas=3, podManagementPolicy="Parallel")
        await world.client.create("statefulsets", spec, "default")
        await world.until(has(world, "statefulsets", "db", readyReplicas=3), 5)
        change = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
        await world.client.patch("statefulsets", "db", change, namespace="default")
        deleted: list[str] = []
        for _ in range(600):
            await world.sleep(0.05)
            leaving = [pod["metadata"]["name"] for pod in await pods(world) if pod["metadata"].get("deletionTimestamp")]
            assert len(leaving) <= 1
            deleted += [name for name in leaving if name not in deleted]
        assert deleted == ["db-2", "db-1", "db-0"]
        done = await status(world, "statefulsets", "db")
        assert (done["updatedReplicas"], done["readyReplicas"]) == (3, 3)
        assert done["currentRevision"] == done["updateRevision"]

    in_a_cluster(body)


def test_a_daemonset_has_one_pod_on_each_node_that_it_selects() -> None:
    async def body(world: World) -> None:
        await world.client.create("daemonsets", workload("agent"), "default")
        await world.until(has(world, "daemonsets", "agent", numberReady=3), 10)
        assert sorted(pod["spec"]["nodeName"] for pod in await pods(world)) == ["n1", "n2", "n3"]
        world.node("n4").boot()
        await world.until(has(world, "daemonsets", "agent", numberReady=4), 10)
        change = {"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "n2"}}}}}
        await world.client.patch("daemonsets", "agent", change, namespace="default")
        await world.until(has(world, "daemonsets", "agent", numberReady=1, numberMisscheduled=0), 30)
        await world.sleep(10)
        assert [pod["spec"]["nodeName"] for pod in await pods(world)] == ["n2"]

    in_a_cluster(body)


def test_a_job_runs_to_completion_and_its_pods_hold_no_address() -> None:
    async def body(world: World) -> None:
        spec = {
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{**BOX[0], "command": ["/bin/sh", "-c", "sleep 2; exit 0"]}],
                }
            },
            "completions": 3,
            "parallelism": 2,
        }
        await world.client.create("jobs", {"metadata": {"name": "once"}, "spec": spec}, "default")
        await world.until(has(world, "jobs", "once", succeeded=3), 60)
        done = await status(world, "jobs", "once")
        assert [one["type"] for one in done["conditions"]] == ["SuccessCriteriaMet", "Complete"]
        found = await pods(world)
        assert [pod["status"]["phase"] for pod in found] == ["Succeeded"] * 3
        assert not any(pod["metadata"].get("finalizers") for pod in found)
        assert world.ipam.held == {}
        await world.sleep(30)
        assert len(await pods(world)) == 3

    in_a_cluster(body)


def test_a_job_gives_up_after_its_backoff_limit() -> None:
    async def body(world: World) -> None:
        failing = {"restartPolicy": "Never", "containers": [{**BOX[0], "command": ["sh", "-c", "exit 1"]}]}
        spec = {"template": {"spec": failing}, "backoffLimit": 1}
        await world.client.create("jobs", {"metadata": {"name": "bad"}, "spec": spec}, "default")
        await world.until(has(world, "jobs", "bad", failed=2), 60)
        await world.sleep(30)
        done = await status(world, "jobs", "bad")
        assert [one["type"] for one in done["conditions"]] == ["FailureTarget", "Failed"]
        assert len(await pods(world)) == 2

    in_a_cluster(body)


def test_a_lost_answer_makes_no_pod_too_many() -> None:
    async def body(world: World) -> None:
        lost = 0

        class Link:
            async def request(self, request: Any) -> Any:
                nonlocal lost
                answer = await world.api.request(request)
                if request.method == "POST" and request.path.endswith("/pods") and lost < 2:
                    lost += 1
                    raise ConnectionError("the answer was lost")
                return answer

            def watch(self, request: Any) -> Any:
                return world.api.watch(request)

        for work in control_plane(Link(), world.clock, world.tape, world.trace):
            world.spawn(work)
        await asyncio.sleep(0)
        world.node("n1").boot()
        await world.client.create("deployments", workload("web", replicas=4), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=4), 20)
        await world.sleep(20)
        assert lost == 2
        assert len(await pods(world)) == 4

    simulate(body)


def world_ready(pod: Json) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions") or ())
