"""Scheduler, node lifecycle and pod collection on simulated nodes."""

from simulator.kube.controllers.tests.test_workloads import BOX, has, in_a_cluster, pods, workload, world_ready
from simulator.kube.link import ApiLink
from simulator.kube.node.tests.node_world import World


def test_a_pod_that_fits_nowhere_says_so_and_is_bound_when_a_node_comes() -> None:
    async def body(world: World) -> None:
        spec = {"nodeSelector": {"disk": "fast"}, "containers": BOX}
        await world.client.create("pods", {"metadata": {"name": "picky"}, "spec": spec}, "default")
        await world.sleep(2)
        pod = await world.pod("picky")
        assert pod is not None
        (said,) = [one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled"]
        assert said["message"] == "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
        world.node("n4", labels={"disk": "fast"}).boot()
        await world.running("picky", 10)

    in_a_cluster(body)


def test_a_cordoned_or_tainted_node_gets_no_pod() -> None:
    async def body(world: World) -> None:
        await world.client.patch("nodes", "n1", {"spec": {"unschedulable": True}})
        taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
        await world.client.patch("nodes", "n2", {"spec": {"taints": [taint]}})
        await world.client.create("deployments", workload("web", replicas=3), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=3), 10)
        assert {pod["spec"]["nodeName"] for pod in await pods(world)} == {"n3"}

    in_a_cluster(body)


def test_a_silent_node_is_tainted_after_40_seconds_and_its_pods_are_evicted_after_300_more() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=3), "default")
        await world.until(has(world, "deployments", "web", readyReplicas=3), 10)
        (lost,) = [pod["metadata"]["name"] for pod in await pods(world) if pod["spec"]["nodeName"] == "n1"]
        world.nodes["n1"].power_cut()
        world.mark()

        async def tainted() -> bool:
            node = await world.client.get("nodes", "n1")
            return bool(node and node["spec"].get("taints"))

        assert 30 <= await world.until(tainted, 60, every=1) <= 56
        pod = await world.pod(lost)
        assert pod is not None
        assert not world_ready(pod)

        async def evicted() -> bool:
            return bool(((await world.pod(lost)) or {})["metadata"].get("deletionTimestamp"))

        assert 330 <= await world.until(evicted, 400, every=1) <= 362
        await world.until(has(world, "deployments", "web", readyReplicas=3), 10)
        assert await world.pod(lost) is not None, "only its node can end it"

        world.nodes["n1"].boot()
        await world.gone(lost, 30)

        async def clean() -> bool:
            return not await tainted()

        await world.until(clean, 20)

    in_a_cluster(body)


def test_pods_of_a_deleted_node_are_removed_by_force() -> None:
    async def body(world: World) -> None:
        await world.create("a", node="n1")
        await world.running("a")
        world.nodes["n1"].power_cut()
        await world.client.delete("nodes", "n1")
        world.mark()
        assert 39 <= await world.gone("a", 90) <= 65

    in_a_cluster(body)


def test_the_out_of_service_taint_frees_pods_that_are_being_deleted() -> None:
    async def body(world: World) -> None:
        await world.create("a", node="n1")
        await world.running("a")
        world.nodes["n1"].power_cut()
        await world.delete("a")
        await world.sleep(60)
        assert await world.pod("a") is not None
        node = await world.client.get("nodes", "n1")
        assert node is not None
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        await world.client.patch("nodes", "n1", {"spec": {"taints": [*node["spec"]["taints"], taint]}})
        await world.gone("a", 25)

    in_a_cluster(body)


def test_a_node_that_was_cut_off_for_two_minutes_comes_back_with_its_pods_as_they_were() -> None:
    async def body(world: World) -> None:
        link = ApiLink(world.api, clock=world.clock, client="kubelet@n4")
        world.node("n4", api=link).boot()
        await world.sleep(3)
        await world.create("a", node="n4")
        await world.running("a")
        link.set_state("refusing")

        async def shown_ready() -> bool:
            return world_ready((await world.pod("a")) or {})

        async def shown_not_ready() -> bool:
            return not await shown_ready()

        await world.until(shown_not_ready, 60, every=1)
        await world.sleep(60)
        world.mark()
        link.set_state("up")
        await world.until(shown_ready, 20, every=1)
        await world.sleep(400)
        assert world_ready((await world.pod("a")) or {}), "it is not evicted later"
        assert world.lines == []

    in_a_cluster(body)
