"""How the API server is told to ask the webhooks."""

import asyncio
from dataclasses import replace
from typing import Any

from spiderpool.controller.tests.world import World, story
from spiderpool.controller.webhooks import (
    CONFIGURATION_NAME,
    MUTATING,
    VALIDATING,
    Configuration,
    WebhookAddress,
    mutating,
    register,
    validating,
)

BY_URL = WebhookAddress(url="https://127.0.0.1:5722/", authority=b"pem")
WITHOUT_GUARD = replace(BY_URL, guards_releases=False)
BY_SERVICE = WebhookAddress(namespace="spiderpool", authority=b"pem")


def by_name(webhooks: tuple[dict[str, Any], ...]) -> dict[str, dict[str, Any]]:
    return {webhook["name"]: webhook for webhook in webhooks}


def test_a_claim_can_be_released_while_the_controller_is_away_and_a_pool_cannot_be_changed_unchecked() -> None:
    policies = {name: webhook["failurePolicy"] for name, webhook in by_name(validating(BY_URL, "spiderpool")).items()}
    assert policies == {
        "validate.spiderippool.spiderpool.spidernet.io": "Fail",
        "validate.spiderreservedip.spiderpool.spidernet.io": "Fail",
        "validate.spideripaddress.spiderpool.spidernet.io": "Ignore",
    }


def test_releases_of_agent_and_controller_do_not_reach_the_webhook() -> None:
    webhook = by_name(validating(BY_URL, "net"))["validate.spideripaddress.spiderpool.spidernet.io"]
    (condition,) = webhook["matchConditions"]
    assert condition["expression"] == (
        "!(request.userInfo.username in ['system:serviceaccount:net:spiderpool-agent', "
        "'system:serviceaccount:net:spiderpool-controller'])"
    )
    assert webhook["rules"][0]["operations"] == ["DELETE"]


def test_no_webhook_sees_writes_of_a_status() -> None:
    for webhook in (*mutating(BY_URL), *validating(BY_URL, "spiderpool")):
        assert not any("/" in resource for rule in webhook["rules"] for resource in rule["resources"])


def test_the_address_is_a_url_or_the_service() -> None:
    url = mutating(BY_URL)[0]["clientConfig"]
    service = mutating(BY_SERVICE)[0]["clientConfig"]
    path = "/mutate-spiderpool-spidernet-io-v2beta1-spiderippool"
    assert url == {"url": f"https://127.0.0.1:5722{path}", "caBundle": "cGVt"}
    assert service["service"] == {
        "namespace": "spiderpool",
        "name": "spiderpool-controller",
        "path": path,
        "port": 443,
    }


def test_where_releases_cannot_be_told_apart_no_webhook_sees_them() -> None:
    names = by_name(validating(WITHOUT_GUARD, "spiderpool"))
    assert "validate.spideripaddress.spiderpool.spidernet.io" not in names
    assert len(names) == 2


def test_two_replicas_register_once_and_a_new_authority_is_written() -> None:
    async def tell(world: World) -> None:
        both = (register(world.kube, WITHOUT_GUARD, "spiderpool"), register(world.kube, WITHOUT_GUARD, "spiderpool"))
        await asyncio.gather(*both)
        for kind, wanted in ((MUTATING, mutating(BY_URL)), (VALIDATING, validating(WITHOUT_GUARD, "spiderpool"))):
            stored: Configuration = await world.admin.get(kind, CONFIGURATION_NAME)
            assert stored.webhooks == wanted
        writes = len(world.writes())
        await register(world.kube, WITHOUT_GUARD, "spiderpool")
        assert len(world.writes()) == writes
        await register(world.kube, BY_URL, "spiderpool")
        assert (await world.admin.get(VALIDATING, CONFIGURATION_NAME)).webhooks == validating(BY_URL, "spiderpool")
        renewed = replace(BY_URL, authority=b"new")
        await register(world.kube, renewed, "spiderpool")
        assert (await world.admin.get(MUTATING, CONFIGURATION_NAME)).webhooks == mutating(renewed)

    story(tell)
