"""Jobs in time: deadlines, waits after failures, and what becomes of finished ones."""

from itertools import pairwise

import pytest

from simulator.kube.api import Json
from simulator.kube.controllers import job_indexes
from simulator.kube.controllers.tests.test_workloads import BOX, has, in_a_cluster, pods, status
from simulator.kube.node.tests.node_world import World


def _job(runs_for: float, exit_code: int = 0, **spec: object) -> Json:
    notes = {"simulator/runs-for-seconds": str(runs_for), "simulator/exit-code": str(exit_code)}
    template = {"metadata": {"annotations": notes}, "spec": {"restartPolicy": "Never", "containers": BOX}}
    return {"metadata": {"name": "once"}, "spec": {"template": template, **spec}}


def test_a_job_that_takes_too_long_has_failed_and_its_pod_goes() -> None:
    async def body(world: World) -> None:
        await world.client.create("jobs", _job(600, activeDeadlineSeconds=20), "default")
        await world.until(has(world, "jobs", "once", failed=1, active=None), 60)
        assert 19 <= world.now <= 30

        async def over() -> bool:
            return not await pods(world)

        await world.until(over, 60)
        await world.sleep(1)
        reasons = {one["type"]: one["reason"] for one in (await status(world, "jobs", "once"))["conditions"]}
        assert reasons == {"FailureTarget": "DeadlineExceeded", "Failed": "DeadlineExceeded"}

    in_a_cluster(body)


def test_after_each_failure_the_next_pod_waits_twice_as_long() -> None:
    async def body(world: World) -> None:
        await world.client.create("jobs", _job(1, exit_code=1, backoffLimit=3), "default")
        await world.until(has(world, "jobs", "once", failed=4), 200)
        made = sorted(pod["status"]["startTime"] for pod in await pods(world))
        seconds = [int(time[-3:-1]) + 60 * int(time[-6:-4]) for time in made]
        pauses = [(after - before) % 3600 for before, after in pairwise(seconds)]
        assert [round(pause / 10) for pause in pauses] == pytest.approx([1, 2, 4], abs=1)
        assert pauses == sorted(pauses)

    in_a_cluster(body)


def test_a_finished_job_is_forgotten_in_time_with_its_pods() -> None:
    async def body(world: World) -> None:
        await world.client.create("jobs", _job(1, ttlSecondsAfterFinished=30), "default")
        await world.until(has(world, "jobs", "once", succeeded=1), 60)
        done = world.now

        async def deleted() -> bool:
            job = await world.client.get("jobs", "once", "default")
            return job is None or "deletionTimestamp" in job["metadata"]

        assert await world.until(deleted, 90) - done == pytest.approx(30, abs=3)

    in_a_cluster(body)


def test_each_number_of_an_indexed_job_succeeds_once() -> None:
    async def body(world: World) -> None:
        await world.client.create("jobs", _job(2, completionMode="Indexed", completions=5, parallelism=2), "default")
        await world.until(has(world, "jobs", "once", succeeded=5, completedIndexes="0-4"), 200)
        assert sorted(job_indexes.index_of(pod) or 0 for pod in await pods(world)) == [0, 1, 2, 3, 4]

    in_a_cluster(body)


@pytest.mark.parametrize("text", ["", "0", "0,1", "0-2", "0,1,3-5,7"])
def test_numbers_are_read_as_they_are_written(text: str) -> None:
    assert job_indexes.text_of(job_indexes.numbers(text)) == text
