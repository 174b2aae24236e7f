"""Probes, metrics and the start of the service."""

import json
from dataclasses import replace

import pytest

from spiderpool.controller.service import Controller
from spiderpool.controller.tests.world import World, leading, story
from spiderpool.controller.webhooks import CONFIGURATION_NAME, VALIDATING, WebhookAddress
from spiderpool.kube.errors import Forbidden
from spiderpool.kube.tests.kit import running
from spiderpool.ports.http import Request, Response


async def get(controller: Controller, path: str) -> Response:
    return await controller.handle(Request(method="GET", path=path))


@pytest.mark.parametrize("probe", ["startup", "readiness", "liveness"])
def test_a_replica_that_serves_answers_its_probes(probe: str) -> None:
    async def tell(world: World) -> None:
        async with leading(world) as controller:
            await world.seconds(3)
            answer = await get(controller, f"/v1/runtime/{probe}")
            assert (answer.status, json.loads(answer.body)) == (200, {"ready": True, "leading": True})

    story(tell)


def test_a_replica_is_not_ready_before_the_api_server_knows_its_webhooks_but_it_lives_and_leads() -> None:
    async def tell(world: World) -> None:
        async def cut(method: str, path: str) -> None:
            if "webhookconfigurations" in path:
                raise Forbidden("not allowed to register")

        world.transport.before = cut
        address = WebhookAddress(url="https://127.0.0.1:5722")
        controller = Controller(replace(world.ports(), webhooks=address))
        async with running(controller.run()):
            await world.seconds(30)
            assert (await get(controller, "/v1/runtime/readiness")).status == 503
            alive = await get(controller, "/v1/runtime/liveness")
            assert (alive.status, json.loads(alive.body)) == (200, {"ready": False, "leading": True})
            world.transport.before = None
            await world.seconds(10)
            assert (await get(controller, "/v1/runtime/readiness")).status == 200
            assert (await world.admin.get(VALIDATING, CONFIGURATION_NAME)).webhooks

    story(tell)


@pytest.mark.parametrize("path", ["/", "/v1/runtime/else", "/metrics", "/validate-something"])
def test_a_path_that_is_not_served_is_not_found(path: str) -> None:
    async def tell(world: World) -> None:
        assert (await get(Controller(world.ports()), path)).status == 404

    story(tell)


def test_metrics_are_served_where_they_are_kept() -> None:
    async def tell(world: World) -> None:
        controller = Controller(replace(world.ports(), exposition=lambda: b"spiderpool_is_leader 1.0\n"))
        answer = await get(controller, "/metrics")
        assert (answer.status, answer.body) == (200, b"spiderpool_is_leader 1.0\n")
        assert answer.headers["content-type"].startswith("text/plain")

    story(tell)


def test_the_leader_says_that_it_leads_and_stops_saying_so() -> None:
    async def tell(world: World) -> None:
        async with leading(world):
            await world.seconds(3)
            assert world.telemetry.gauges["is_leader", ()] == 1
        assert world.telemetry.gauges["is_leader", ()] == 0

    story(tell)
