"""What a rollout leaves behind: revisions that can be undone, conditions that tell how it got on, Events."""

import pytest

from simulator.kube.api import ApiRequest, Json
from simulator.kube.controllers.rollout_sizes import shared
from simulator.kube.controllers.tests.test_workloads import BOX, has, in_a_cluster, status, workload
from simulator.kube.node.tests.node_world import World

REVISION = "deployment.kubernetes.io/revision"


def template_of(version: str) -> Json:
    return {"spec": {"template": {"metadata": {"annotations": {"version": version}}}}}


async def roll_to(world: World, version: str) -> None:
    await world.client.patch("deployments", "web", template_of(version), namespace="default")
    generation = (await one(world, "deployments", "web"))["metadata"]["generation"]
    wanted = {"observedGeneration": generation, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}
    await world.until(has(world, "deployments", "web", **wanted), 30)


async def one(world: World, resource: str, name: str) -> Json:
    found = await world.client.get(resource, name, "default")
    assert found is not None
    return found


async def notes(world: World) -> dict[str, Json]:
    """Version of the template to the annotations of its ReplicaSet."""
    sets, _ = await world.client.list("replicasets", {})
    found = {}
    for item in sets:
        version = (item["spec"]["template"]["metadata"].get("annotations") or {}).get("version", "1")
        found[version] = item["metadata"]["annotations"]
    return found


async def conditions(world: World, name: str = "web") -> dict[str, tuple[str, str]]:
    said = (await status(world, "deployments", name)).get("conditions") or []
    return {each["type"]: (each["status"], each["reason"]) for each in said}


async def events(world: World) -> list[Json]:
    return (await world.client.list("events", {}))[0]


def test_each_template_gets_a_revision_and_one_that_comes_back_a_new_one() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=2), "default")
        await world.until(has(world, "deployments", "web", availableReplicas=2), 10)
        assert (await notes(world))["1"][REVISION] == "1"
        await roll_to(world, "2")
        await roll_to(world, "3")
        await roll_to(world, "2")
        found = await notes(world)
        assert [found[version][REVISION] for version in ("1", "3", "2")] == ["1", "3", "4"]
        assert found["2"]["deployment.kubernetes.io/revision-history"] == "2"
        assert (await one(world, "deployments", "web"))["metadata"]["annotations"][REVISION] == "4"
        assert await conditions(world) == {
            "Available": ("True", "MinimumReplicasAvailable"),
            "Progressing": ("True", "NewReplicaSetAvailable"),
        }

    in_a_cluster(body)


def test_a_rollout_that_stands_still_is_late_and_says_so_without_being_woken() -> None:
    async def body(world: World) -> None:
        template = {"nodeSelector": {"no": "such-node"}}
        await world.client.create("deployments", workload("web", template, progressDeadlineSeconds=60), "default")
        await world.sleep(30)
        assert await conditions(world) == {
            "Available": ("False", "MinimumReplicasUnavailable"),
            "Progressing": ("True", "ReplicaSetUpdated"),
        }
        await world.sleep(60)
        assert (await conditions(world))["Progressing"] == ("False", "ProgressDeadlineExceeded")

    in_a_cluster(body)


def test_a_paused_deployment_is_scaled_and_not_rolled() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=2), "default")
        await world.until(has(world, "deployments", "web", availableReplicas=2), 10)
        change = {"spec": {"paused": True, "replicas": 3, **template_of("2")["spec"]}}
        await world.client.patch("deployments", "web", change, namespace="default")
        await world.until(has(world, "deployments", "web", availableReplicas=3), 10)
        await world.sleep(5)
        assert list(await notes(world)) == ["1"]
        assert (await conditions(world))["Progressing"] == ("Unknown", "DeploymentPaused")

    in_a_cluster(body)


@pytest.mark.parametrize(
    ("wanted", "sizes", "then"),
    [(20, (8, 5), (15, 10)), (5, (8, 5), (4, 3)), (0, (8, 5), (0, 0)), (10, (8, 5), (8, 5))],
)
def test_a_new_size_in_the_middle_of_a_rollout_is_shared_in_proportion(
    wanted: int, sizes: tuple[int, int], then: tuple[int, int]
) -> None:
    def replica_set(name: str, size: int) -> Json:
        noted = {"deployment.kubernetes.io/max-replicas": "13"}
        meta = {"name": name, "annotations": noted, "creationTimestamp": f"2024-01-01T00:00:0{size}Z"}
        return {"metadata": meta, "spec": {"replicas": size}}

    old, new = (replica_set(name, size) for name, size in zip(("old", "new"), sizes, strict=True))
    item: Json = {"spec": {"replicas": wanted, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}}
    if wanted == 10:
        item["spec"]["strategy"]["rollingUpdate"]["maxSurge"] = 3
    found = {each["metadata"]["name"]: size for each, size in shared(item, new, [old])}
    assert (found["old"], found["new"]) == then


def test_a_statefulset_keeps_its_templates_up_to_the_limit_and_the_one_in_use() -> None:
    async def body(world: World) -> None:
        spec = workload("db", replicas=1, revisionHistoryLimit=1)
        await world.client.create("statefulsets", spec, "default")
        await world.until(has(world, "statefulsets", "db", readyReplicas=1), 10)
        for number in range(2, 5):
            await world.client.patch("statefulsets", "db", template_of(str(number)), namespace="default")
            await world.until(has(world, "statefulsets", "db", observedGeneration=number, updatedReplicas=1), 20)
            await world.sleep(10)
        kept, _ = await world.client.list("controllerrevisions", {})
        assert sorted(each["revision"] for each in kept) == [3, 4]
        newest = max(kept, key=lambda each: int(each["revision"]))
        assert newest["metadata"]["name"] == (await status(world, "statefulsets", "db"))["currentRevision"]
        assert newest["data"]["spec"]["template"]["$patch"] == "replace"

    in_a_cluster(body)


def test_controllers_tell_what_they_did_where_people_look() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=2), "default")
        await world.client.create("statefulsets", workload("db", replicas=1), "default")
        await world.until(has(world, "deployments", "web", availableReplicas=2), 10)
        await world.until(has(world, "statefulsets", "db", readyReplicas=1), 10)
        await world.sleep(1)
        told = sorted((each["involvedObject"]["kind"], each["reason"], each["type"]) for each in await events(world))
        assert told == [
            ("Deployment", "ScalingReplicaSet", "Normal"),
            *[("Pod", "Scheduled", "Normal")] * 3,
            *[("ReplicaSet", "SuccessfulCreate", "Normal")] * 2,
            ("StatefulSet", "SuccessfulCreate", "Normal"),
        ]

    in_a_cluster(body, shown=True)


def test_nothing_is_told_where_nobody_looks() -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=2), "default")
        await world.until(has(world, "deployments", "web", availableReplicas=2), 10)
        await world.sleep(1)
        assert await events(world) == []

    in_a_cluster(body)


def test_a_budget_counts_its_pods_and_an_eviction_costs_until_the_pod_is_replaced() -> None:
    async def body(world: World) -> None:
        selector = {"matchLabels": {"app": "web"}}
        budget: Json = {"metadata": {"name": "most"}, "spec": {"maxUnavailable": 1, "selector": selector}}
        await world.client.create("poddisruptionbudgets", budget, "default")
        await world.client.create("deployments", workload("web", replicas=3), "default")
        full = {"currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 1}
        await world.until(has(world, "poddisruptionbudgets", "most", **full), 10)
        pods, _ = await world.client.list("pods", {})
        await evict(world, pods[0])
        assert (await status(world, "poddisruptionbudgets", "most"))["disruptionsAllowed"] == 0
        await world.until(has(world, "poddisruptionbudgets", "most", disruptedPods=None, **full), 20)

    in_a_cluster(body)


async def evict(world: World, pod: Json) -> None:
    name = pod["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/default/pods/{name}/eviction"
    answer = await world.api.request(ApiRequest(method="POST", path=path, body=body))
    assert answer.status == 201, answer.body


def test_a_job_waits_while_it_is_suspended_and_begins_anew_afterwards() -> None:
    async def body(world: World) -> None:
        template = {"spec": {"restartPolicy": "Never", "containers": [{**BOX[0], "command": ["sh", "-c", "sleep 5"]}]}}
        await world.client.create("jobs", {"metadata": {"name": "once"}, "spec": {"template": template}}, "default")
        await world.until(has(world, "jobs", "once", active=1, ready=1), 20)
        await world.client.patch("jobs", "once", {"spec": {"suspend": True}}, namespace="default")
        await world.until(has(world, "jobs", "once", active=None, terminating=0, startTime=None), 60)
        await world.client.patch("jobs", "once", {"spec": {"suspend": False}}, namespace="default")
        await world.until(has(world, "jobs", "once", succeeded=1), 60)
        said = [(each["type"], each["status"]) for each in (await status(world, "jobs", "once"))["conditions"]]
        assert said == [("Suspended", "False"), ("SuccessCriteriaMet", "True"), ("Complete", "True")]

    in_a_cluster(body)
