"""The product's own definitions and rules, judged by both servers alike."""

from typing import Any

import pytest
import yaml

from e2e.conformance.conftest import Workspace
from e2e.conformance.control_plane import ROOT
from e2e.conformance.definitions import DEFINITIONS, is_established
from e2e.conformance.faces import Face

pytestmark = pytest.mark.section("C.5 the product's definitions")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
CRDS = ROOT / "charts/spiderpool/crds"
GROUP = "/apis/spiderpool.spidernet.io/v2beta1"
CLAIMS = f"{GROUP}/spideripaddresses"


@pytest.fixture(autouse=True)
def _installed(space: Workspace) -> None:
    for file in sorted(CRDS.glob("*.yaml")):
        crd = yaml.safe_load(file.read_text())
        path = f"{DEFINITIONS}/{crd['metadata']['name']}"
        if space.bare.send("GET", path).status == 404:
            created = space.bare.send("POST", DEFINITIONS, crd)
            assert created.status == 201, created.body
            _wait(space.bare, path, crd)


def _wait(face: Face, path: str, crd: Json) -> None:
    collection = f"{GROUP}/{crd['spec']['names']['plural']}"
    for _ in range(100):
        if is_established(face.send("GET", path).body) and face.send("GET", collection).status == 200:
            return
        face.wait(0.1)
    raise AssertionError(path)


def _claim(name: str, **spec: Any) -> Json:
    owner = {
        "namespace": "default",
        "name": "web-0",
        "uid": "u1",
        "node": "n1",
        "machineID": "m1",
        "bootID": "b1",
        "interface": "eth0",
        "containerID": "c1",
        "netns": {"path": "/var/run/netns/a", "inode": 4026532222},
        "since": 5,
    }
    full = {"address": f"{name}/24", "pool": {"name": "p", "uid": "p1"}, "owner": owner, "state": "Claimed", **spec}
    body = {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPAddress", "metadata": {"name": name}}
    return {**body, "spec": {key: value for key, value in full.items() if value is not None}}


def test_every_definition_is_accepted_and_established(space: Workspace) -> None:
    for file in sorted(CRDS.glob("*.yaml")):
        name = yaml.safe_load(file.read_text())["metadata"]["name"]
        assert is_established(space.face.send("GET", f"{DEFINITIONS}/{name}").body), name


def test_claims_that_contradict_themselves_are_refused(space: Workspace) -> None:
    send = space.face.send
    assert send("POST", CLAIMS, _claim("10.1.0.1")).status == 201
    assert send("POST", CLAIMS, _claim("10.1.0.1")).refusal == (409, "AlreadyExists")
    wrong = [
        _claim("10.1.0.2", owner=None),
        _claim("10.1.0.3", state="Cooling"),
        _claim("10.1.0.4", state="Parked"),
        _claim("10.1.0.5", state="Lost"),
        _claim("10.1.0.6", address="10.1.0.7/24"),
        _claim("fd00--1", address="fd00::1/64"),
        _claim("10.1.0.8", pool=None),
    ]
    for body in wrong:
        assert send("POST", CLAIMS, body).refusal == (422, "Invalid"), body
    six = "fd00-0000-0000-0000-0000-0000-0000-0001"
    assert send("POST", CLAIMS, _claim(six, address="fd00::1/64")).status == 201


def test_a_claim_moves_only_as_the_ledger_allows(space: Workspace) -> None:
    path = f"{CLAIMS}/10.2.0.1"
    assert space.face.send("POST", CLAIMS, _claim("10.2.0.1")).status == 201

    def patch(spec: Json) -> int:
        return space.face.send("PATCH", path, {"spec": spec}, content_type=MERGE).status

    assert patch({"address": "10.2.0.1/16"}) == 422
    assert patch({"owner": {"since": 4}}) == 422
    assert patch({"owner": {"since": 4, "bootID": "b2"}}) == 200
    assert patch({"owner": {"since": 9, "containerID": "c2"}}) == 200
    assert patch({"owner": {"uid": "u2"}}) == 422
    assert patch({"state": "Cooling", "owner": None, "releasedAt": "2026-11-23T10:00:00Z"}) == 200
    assert patch({"state": "Claimed", "releasedAt": None}) == 422
    body = _claim("10.2.0.1")["spec"]["owner"]
    assert patch({"state": "Claimed", "releasedAt": None, "owner": {**body, "uid": "u3"}}) == 200


def test_a_pool_gets_its_defaults_and_keeps_its_subnet(space: Workspace) -> None:
    pool = {
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderIPPool",
        "metadata": {"name": space.namespace},
        "spec": {"subnet": "10.6.0.0/16", "ips": ["10.6.0.1-10.6.0.9"]},
    }
    born = space.face.send("POST", f"{GROUP}/spiderippools", pool)
    assert born.status == 201, born.body
    assert (born.body["spec"]["default"], born.body["spec"]["disable"]) == (False, False)
    path = f"{GROUP}/spiderippools/{space.namespace}"
    moved = space.face.send("PATCH", path, {"spec": {"subnet": "10.7.0.0/16"}}, content_type=MERGE)
    assert moved.refusal == (422, "Invalid")
    counted = space.face.send("PATCH", path + "/status", {"status": {"totalIPCount": 9}}, content_type=MERGE)
    assert (counted.status, counted.metadata["generation"]) == (200, 1)
    assert counted.body["status"]["totalIPCount"] == 9
