"""CronJobs on virtual time: the minutes pass, the Jobs come and go."""

from typing import Any

import pytest

from simulator.kube.api import Json
from simulator.kube.controllers.tests.test_workloads import BOX, has, in_a_cluster, status
from simulator.kube.node.tests.node_world import World

_RUNS = {"metadata": {"annotations": {"simulator/runs-for-seconds": "20"}}}


def _cron(pod: Json | None = None, **spec: Any) -> Json:
    template = {**(pod or _RUNS), "spec": {"restartPolicy": "Never", "containers": BOX}}
    job = {"spec": {"template": template, "backoffLimit": 0}}
    return {"metadata": {"name": "tick"}, "spec": {"schedule": "* * * * *", "jobTemplate": job, **spec}}


async def _jobs(world: World) -> list[str]:
    return sorted(job["metadata"]["name"] for job in (await world.client.list("jobs", {}))[0])


def test_every_minute_has_its_job_and_three_are_kept() -> None:
    async def body(world: World) -> None:
        await world.client.create("cronjobs", _cron(), "default")
        seen: dict[str, None] = {}
        for _ in range(330):
            await world.sleep(1)
            seen |= dict.fromkeys(await _jobs(world))
        minutes = sorted(int(name.removeprefix("tick-")) for name in seen)
        assert len(minutes) in (5, 6)
        assert minutes == list(range(minutes[0], minutes[0] + len(minutes)))
        await world.until(has(world, "cronjobs", "tick", active=None), 60)
        assert len(await _jobs(world)) == 3
        assert (await status(world, "cronjobs", "tick"))["lastSuccessfulTime"]

    in_a_cluster(body)


@pytest.mark.parametrize(("policy", "most"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_jobs_that_take_longer_than_a_minute_meet(policy: str, most: int) -> None:
    async def body(world: World) -> None:
        long = {"metadata": {"annotations": {"simulator/runs-for-seconds": "150"}}}
        await world.client.create("cronjobs", _cron(long, concurrencyPolicy=policy), "default")
        at_once = []
        for _ in range(290):
            await world.sleep(1)
            at_once.append(len((await status(world, "cronjobs", "tick")).get("active") or ()))
        assert max(at_once) == most

    in_a_cluster(body)


def test_a_suspended_one_makes_nothing_and_one_that_goes_on_makes_the_last_one_missed() -> None:
    async def body(world: World) -> None:
        await world.client.create("cronjobs", _cron(suspend=True), "default")
        await world.sleep(200)
        assert await _jobs(world) == []
        await world.client.patch("cronjobs", "tick", {"spec": {"suspend": False}}, namespace="default")
        await world.sleep(2)
        assert len(await _jobs(world)) == 1

    in_a_cluster(body)
