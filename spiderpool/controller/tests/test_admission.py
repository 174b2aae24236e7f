"""The webhooks: reviews in, reviews out, judged on the simulated API server."""

import base64
import json
from typing import Any

import pytest

from spiderpool.controller.admission import FORCE_RELEASE
from spiderpool.controller.pool_status import FINALIZER
from spiderpool.controller.service import Controller
from spiderpool.controller.tests.world import World, story
from spiderpool.controller.webhooks import path_of
from spiderpool.kube.codec import to_json
from spiderpool.kube.errors import Unavailable
from spiderpool.ports.http import Request, Response
from spiderpool.resources.kinds import CLAIMS, POOLS, RESERVED_IPS, AnyKind

Json = dict[str, Any]


def pool(name: str = "v4", **spec: Any) -> Json:
    given = {"subnet": "10.0.0.0/24", "ips": ["10.0.0.10-10.0.0.19"], **spec}
    return {"apiVersion": POOLS.api_version, "kind": "SpiderIPPool", "metadata": {"name": name}, "spec": given}


async def post(world: World, path: str, body: bytes) -> Response:
    return await Controller(world.ports()).handle(Request(method="POST", path=path, body=body))


async def review(
    world: World,
    action: str,
    kind: AnyKind,
    new: Json | None,
    *,
    old: Json | None = None,
    operation: str = "CREATE",
    user: str = "admin",
) -> Json:
    asked = {
        "uid": "r1",
        "kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "operation": operation,
        "object": new,
        "oldObject": old,
        "userInfo": {"username": user, "groups": ["system:masters"]},
    }
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked}
    answer = await post(world, path_of(action, kind), json.dumps(body).encode())
    assert answer.status == 200
    envelope = json.loads(answer.body)
    assert (envelope["apiVersion"], envelope["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: Json = envelope["response"]
    assert response["uid"] == "r1"
    return response


def patched(item: Json, response: Json) -> Json:
    """The object after the response's JSON patch, which adds and removes members of objects only."""
    assert response["allowed"]
    result: Json = json.loads(json.dumps(item))
    for operation in json.loads(base64.b64decode(response.get("patch", "W10="))):
        *parents, last = operation["path"].strip("/").split("/")
        place = result
        for parent in parents:
            place = place[parent]
        if operation["op"] == "add":
            place[last] = operation["value"]
        else:
            del place[last]
    return result


def test_a_pool_is_completed_with_version_merged_ranges_and_finalizer() -> None:
    async def tell(world: World) -> None:
        item = pool(ips=["10.0.0.12", "10.0.0.10-10.0.0.11", "10.0.0.13"], multusName=["kube-system/macvlan"])
        done = patched(item, await review(world, "mutate", POOLS, item))
        assert done["spec"] == {
            "subnet": "10.0.0.0/24",
            "ips": ["10.0.0.10-10.0.0.13"],
            "ipVersion": 4,
            "multusName": ["kube-system/macvlan"],
        }
        assert done["metadata"]["finalizers"] == [FINALIZER]
        again = await review(world, "mutate", POOLS, done, operation="UPDATE")
        assert again == {"uid": "r1", "allowed": True}

    story(tell)


def test_finalizers_of_others_stay_and_a_pool_on_its_way_out_gets_none() -> None:
    async def tell(world: World) -> None:
        item = pool()
        item["metadata"]["finalizers"] = ["theirs"]
        done = patched(item, await review(world, "mutate", POOLS, item))
        assert done["metadata"]["finalizers"] == ["theirs", FINALIZER]
        going = patched(pool(ipVersion=4), {"allowed": True})
        going["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z"
        assert "patch" not in await review(world, "mutate", POOLS, going, operation="UPDATE")

    story(tell)


def test_every_mistake_of_a_pool_is_told_at_once_by_field() -> None:
    async def tell(world: World) -> None:
        item = pool(ips=["10.0.1.5", "ten"], gateway="10.0.0.300")
        response = await review(world, "validate", POOLS, item)
        assert not response["allowed"]
        assert response["status"]["code"] == 422
        fields = [cause["field"] for cause in response["status"]["details"]["causes"]]
        assert sorted(fields) == ["spec.gateway", "spec.ips[0]", "spec.ips[1]"]
        assert all(field in response["status"]["message"] for field in fields)

    story(tell)


def test_a_pool_that_overlaps_another_is_refused() -> None:
    async def tell(world: World) -> None:
        await world.pool("first")
        response = await review(world, "validate", POOLS, pool("second", ips=["10.0.0.19-10.0.0.30"]))
        assert not response["allowed"]
        assert "first" in response["status"]["message"]

    story(tell)


def test_an_edit_that_visibly_takes_an_address_in_use_away_is_refused_and_another_is_not() -> None:
    async def tell(world: World) -> None:
        old = to_json(POOLS, await world.pool())
        await world.claim("10.0.0.15")
        takes = {**old, "spec": {**old["spec"], "ips": ["10.0.0.10-10.0.0.14"]}}
        response = await review(world, "validate", POOLS, takes, old=old, operation="UPDATE")
        assert not response["allowed"]
        assert "10.0.0.15" in response["status"]["message"]
        keeps = {**old, "spec": {**old["spec"], "ips": ["10.0.0.15-10.0.0.19"]}}
        assert (await review(world, "validate", POOLS, keeps, old=old, operation="UPDATE"))["allowed"]

    story(tell)


def test_an_update_that_leaves_the_spec_alone_passes_without_a_look_at_the_cluster() -> None:
    """Taking the finalizer off must work for a pool that no rule accepts any more."""

    async def tell(world: World) -> None:
        item = pool(ips=["ten"])
        assert (await review(world, "validate", POOLS, item, old=item, operation="UPDATE"))["allowed"]
        assert world.transport.sent == []

    story(tell)


def test_a_reservation_is_completed_and_checked() -> None:
    async def tell(world: World) -> None:
        item: Json = {"metadata": {"name": "kept"}, "spec": {"ips": ["10.0.0.2", "10.0.0.1"]}}
        done = patched(item, await review(world, "mutate", RESERVED_IPS, item))
        assert done["spec"] == {"ipVersion": 4, "ips": ["10.0.0.1-10.0.0.2"]}
        assert (await review(world, "validate", RESERVED_IPS, done))["allowed"]
        empty = await review(world, "validate", RESERVED_IPS, {"metadata": {"name": "kept"}, "spec": {"ips": []}})
        assert not empty["allowed"]

    story(tell)


@pytest.mark.parametrize(
    ("user", "annotations", "allowed"),
    [
        ("system:serviceaccount:spiderpool:spiderpool-agent", {}, True),
        ("system:serviceaccount:spiderpool:spiderpool-controller", {}, True),
        ("system:serviceaccount:default:spiderpool-agent", {}, False),
        ("admin", {}, False),
        ("admin", {FORCE_RELEASE: "false"}, False),
        ("admin", {FORCE_RELEASE: "true"}, True),
    ],
)
def test_only_agent_and_controller_release_an_address_unless_it_is_announced(
    user: str, annotations: dict[str, str], allowed: bool
) -> None:
    async def tell(world: World) -> None:
        await world.pool()
        claim = to_json(CLAIMS, await world.claim("10.0.0.15"))
        claim["metadata"]["annotations"] = annotations
        response = await review(world, "validate", CLAIMS, None, old=claim, operation="DELETE", user=user)
        assert response["allowed"] is allowed
        if not allowed:
            assert response["status"]["code"] == 403
            assert FORCE_RELEASE in response["status"]["message"]

    story(tell)


def test_an_object_of_the_wrong_shape_is_refused_with_the_place() -> None:
    async def tell(world: World) -> None:
        response = await review(world, "validate", POOLS, pool(subnet=7))
        assert not response["allowed"]
        assert "$.spec.subnet" in response["status"]["message"]

    story(tell)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"request": {}}', b"\xff\xfe"])
def test_a_body_that_is_no_review_is_a_bad_request(body: bytes) -> None:
    async def tell(world: World) -> None:
        answer = await post(world, path_of("validate", POOLS), body)
        assert answer.status == 400
        assert "AdmissionReview" in json.loads(answer.body)["error"]

    story(tell)


def test_without_the_api_server_the_failure_policy_decides() -> None:
    async def tell(world: World) -> None:
        async def cut(method: str, path: str) -> None:
            raise Unavailable("no route to host")

        world.transport.before = cut
        body = json.dumps({"request": {"uid": "r1", "operation": "CREATE", "object": pool()}}).encode()
        assert (await post(world, path_of("validate", POOLS), body)).status == 500

    story(tell)
