"""Discovery: which groups, versions and resources there are, with their verbs, names and parts."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition, install

pytestmark = pytest.mark.section("C.6 discovery, output forms, OpenAPI")

Json = dict[str, Any]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PARTS = ("status", "scale", "binding", "eviction", "finalize")
SERVED = {
    "": ("pods", "nodes", "namespaces", "configmaps", "secrets", "serviceaccounts", "events"),
    "apps": ("deployments", "replicasets", "statefulsets", "daemonsets"),
    "batch": ("jobs",),
    "coordination.k8s.io": ("leases",),
    "rbac.authorization.k8s.io": ("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
    "admissionregistration.k8s.io": ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "conformance.test": ("widgets", "gears"),
}
RESOURCES = [(group, plural) for group, plurals in SERVED.items() for plural in plurals]
GROUPS = [group for group in SERVED if group not in ("", "conformance.test")]  # other claims add versions to that one


def _root(group: str) -> str:
    return f"/apis/{group}/v1" if group else "/api/v1"


@pytest.mark.parametrize(("group", "plural"), RESOURCES, ids=[plural for _, plural in RESOURCES])
def test_a_resource_is_listed_with_its_verbs_names_and_parts(space: Workspace, group: str, plural: str) -> None:
    wanted = (plural, *(f"{plural}/{part}" for part in PARTS))

    def own(body: Json) -> Json:
        entries = [entry for entry in body["resources"] if entry["name"] in wanted]
        return {**body, "resources": sorted(entries, key=lambda entry: str(entry["name"]))}

    listed = space.face.send("GET", _root(group), part=own).body["resources"]
    assert any(entry["name"] == plural for entry in listed)


@pytest.mark.parametrize(("group", "plural"), RESOURCES, ids=[plural for _, plural in RESOURCES])
def test_all_resources_can_be_had_at_once(space: Workspace, group: str, plural: str) -> None:
    def own(body: Json) -> Json:
        found = next(item for item in body["items"] if item["metadata"].get("name", "") == group)
        version = next(version for version in found["versions"] if version["version"] == "v1")
        entry = next(entry for entry in version["resources"] if entry["resource"] == plural)
        parts = [part for part in entry.get("subresources", ()) if part["subresource"] in PARTS]
        entry = {name: value for name, value in entry.items() if name != "subresources"} | {"parts": parts}
        return {**body, "items": [], "metadata": found["metadata"], "entry": entry, "freshness": version["freshness"]}

    answer = space.face.send("GET", "/apis" if group else "/api", accept=AGGREGATED, part=own)
    assert answer.body["kind"] == "APIGroupDiscoveryList"


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_names_its_versions(space: Workspace, group: str) -> None:
    for path in (f"/apis/{group}", f"/apis/{group}/"):
        assert space.face.send("GET", path).body["preferredVersion"]["version"] == "v1"

    def own(body: Json) -> Json:
        return {**body, "groups": [found for found in body["groups"] if found["name"] == group]}

    assert space.face.send("GET", "/apis", part=own).status == 200


def test_groups_have_an_order(space: Workspace) -> None:
    def order(body: Json) -> list[str]:
        return [group["name"] for group in body["groups"] if group["name"] in SERVED]

    space.face.send("GET", "/apis", part=order)


def test_the_core_group_names_its_version(space: Workspace) -> None:
    def versions(body: Json) -> Json:
        return {name: value for name, value in body.items() if name != "serverAddressByClientCIDRs"}

    assert space.face.send("GET", "/api", part=versions).body["versions"] == ["v1"]


def test_a_definition_gives_its_names(space: Workspace) -> None:
    crd = definition("sprockets", "Sprocket", "Namespaced", {"type": "object"}, subresources={"status": {}})
    crd["spec"]["names"] |= {"singular": "cog", "shortNames": ["sp", "spr"], "categories": ["all", "parts"]}
    install(space.bare, crd)

    def own(body: Json) -> list[Json]:
        return sorted(
            (one for one in body["resources"] if "sprockets" in one["name"]), key=lambda one: str(one["name"])
        )

    path = "/apis/conformance.test/v1"
    space.face.until(lambda: own(space.bare.send("GET", path).body))
    space.face.send("GET", path, part=own)


def test_the_version_is_told(space: Workspace) -> None:
    assert space.face.send("GET", "/version").body["major"] == "1"


@pytest.mark.parametrize(
    "path",
    ["/apis/nothing.test", "/apis/apps/v9", "/api/v9", "/nothing", "/apis/conformance.test/v9", "/version/x"],
)
def test_what_is_not_there_is_not_found(space: Workspace, path: str) -> None:
    assert space.face.send("GET", path).status == 404


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/livez/ping", "/healthz/etcd"])
def test_the_server_says_that_it_is_well(space: Workspace, path: str) -> None:
    assert space.face.send("GET", path).body == {"text": "ok"}


@pytest.mark.parametrize("check", ["healthz", "livez", "readyz"])
def test_the_server_says_by_which_checks_it_is_well(space: Workspace, check: str) -> None:
    for query in ({"verbose": ""}, {"verbose": "1", "exclude": "etcd"}, {"verbose": "1", "exclude": "nothing"}):
        told = space.face.send("GET", f"/{check}", query=query).body["text"]
        assert told.endswith(f"{check} check passed\n")
    for query in ({"exclude": "etcd"}, {"exclude": "nothing"}):
        assert space.face.send("GET", f"/{check}", query=query).body == {"text": "ok"}
    names = [line[3:-3] for line in told.splitlines() if line.startswith("[+]")]
    for name in names:
        assert space.bare.send("GET", f"/{check}/{name}").status == 200


def test_no_health_is_known_of_what_is_not_there(space: Workspace) -> None:
    for path in ("/livez/nothing", "/livez/", "/livez/shutdown", "/livez/poststarthook"):
        assert space.face.send("GET", path).status == 404


def test_discovery_has_no_other_forms(space: Workspace) -> None:
    for accept in ("application/json;as=Table;v=v1;g=meta.k8s.io", AGGREGATED.replace("v=v2", "v=v9"), "text/plain"):
        assert space.face.send("GET", "/api", accept=accept).refusal == (406, "NotAcceptable")
    second = space.face.send("GET", "/apis", accept=f"{AGGREGATED.replace('v=v2', 'v=v9')},{AGGREGATED}", part=_kind)
    assert second.body["kind"] == "APIGroupDiscoveryList"


def _kind(body: Json) -> list[str]:
    return [body["kind"], body["apiVersion"]]
