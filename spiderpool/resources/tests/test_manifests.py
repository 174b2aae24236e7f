"""The manifests that ship and those of the quickstart: servers accept them as files, models and rules agree with them,
and the roles allow what the services do and little more.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from spiderpool.resources.addresses import FAMILIES, parse_address
from spiderpool.resources.core import StatefulSet
from spiderpool.resources.kinds import CLAIMS, GROUP, LEDGERS, POOLS, RESERVED_IPS
from spiderpool.resources.ledger import LedgerSpec, SpiderLedger
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.pool_rules import refusals
from spiderpool.resources.reserved import SpiderReservedIP, reserved_addresses
from spiderpool.resources.reserved_rules import reserved_refusals
from spiderpool.resources.tests.faces import Face, Json

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "spiderpool"
QUICKSTART = ROOT / "docs" / "examples" / "quickstart"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
    "SpiderIPPool": POOLS.collection_path(),
    "SpiderReservedIP": RESERVED_IPS.collection_path(),
    "SpiderLedger": LEDGERS.collection_path(),
}


def documents(*folders: Path) -> list[Json]:
    """Every object of some folders, in the order in which ``kubectl apply -f`` takes them."""
    files = (path for folder in folders for path in sorted(folder.iterdir()) if path.suffix == ".yaml")
    return [document for path in files for document in yaml.safe_load_all(path.read_text())]


def of_kind(kind: str, model: type[Any]) -> list[Any]:
    return [msgspec.convert(one, model) for one in documents(QUICKSTART) if one["kind"] == kind]


def test_the_pools_of_the_quickstart_pass_the_rules_of_the_webhook() -> None:
    pools: list[SpiderIPPool] = of_kind("SpiderIPPool", SpiderIPPool)
    assert [pool.family for pool in pools] == [4, 6]
    for pool in pools:
        assert refusals(pool, old=None, others=pools, claims=()) == ()
        assert pool.spec.default
        assert pool.usable.size == {4: 51, 6: 81}[pool.family]


def test_the_reservations_of_the_quickstart_each_take_one_address_of_a_pool() -> None:
    reservations: list[SpiderReservedIP] = of_kind("SpiderReservedIP", SpiderReservedIP)
    pools: list[SpiderIPPool] = of_kind("SpiderIPPool", SpiderIPPool)
    for family, pool in zip(FAMILIES, pools, strict=True):
        assert pool.usable.intersect(reserved_addresses(family, reservations)).size == 1
    assert all(reserved_refusals(one, old=None) == () for one in reservations)


def test_the_gateways_of_the_quickstart_are_on_the_underlay_and_apart_from_the_nodes() -> None:
    pools: list[SpiderIPPool] = of_kind("SpiderIPPool", SpiderIPPool)
    for pool in pools:
        assert pool.subnet.contains(parse_address(pool.spec.gateway or "").value)


def test_the_workloads_of_the_quickstart_are_what_the_readme_tells() -> None:
    (web,) = of_kind("StatefulSet", StatefulSet)
    assert (web.metadata.name, web.spec.replicas) == ("web", 3)
    (deployment,) = (one for one in documents(QUICKSTART) if one["kind"] == "Deployment")
    assert (deployment["metadata"]["name"], deployment["spec"]["replicas"]) == ("demo", 6)


def test_the_network_of_the_quickstart_asks_spiderpool_for_addresses() -> None:
    network = json.loads((QUICKSTART / "10-macvlan.conflist").read_text())
    assert (network["cniVersion"], network["name"]) == ("1.0.0", "macvlan-underlay")
    (plugin,) = network["plugins"]
    assert plugin == {"type": "macvlan", "master": "up0", "mode": "bridge", "ipam": {"type": "spiderpool"}}


def test_the_ledger_that_ships_is_open() -> None:
    (ledger,) = documents(CHART / "ledger")
    assert msgspec.convert(ledger, SpiderLedger).spec == LedgerSpec(epoch=1, mode="Open")


@pytest.fixture(scope="module")
def installed(api: Face) -> Face:
    """A server on which everything that ships and the quickstart were applied, file by file."""
    for document in documents(CHART / "rbac", CHART / "ledger", QUICKSTART):
        metadata = document["metadata"]
        path = PATHS[document["kind"]].format(namespace=metadata.get("namespace", "default"))
        status, answer = api.request("POST", path, document)
        assert status == 201, (path, answer)
    return api


def test_a_server_accepts_every_manifest_in_the_order_of_the_files(installed: Face) -> None:
    status, pool = installed.request("GET", POOLS.path("quickstart-v4"))
    assert status == 200
    assert pool["spec"]["ips"] == ["10.98.10.10-10.98.10.60"]


CLAIM, POOL, ENDPOINT, LEDGER = "spideripaddresses", "spiderippools", "spiderendpoints", "spiderledgers"
RBAC: list[tuple[str, str, str, str, str, bool]] = [
    *[("agent", verb, GROUP, CLAIM, "", True) for verb in ("get", "list", "watch", "create", "update", "delete")],
    ("agent", "deletecollection", GROUP, CLAIM, "", False),
    *[("agent", verb, GROUP, POOL, "", True) for verb in ("get", "list", "watch")],
    *[("agent", verb, GROUP, POOL, "", False) for verb in ("create", "update", "patch", "delete")],
    ("agent", "update", GROUP, f"{POOL}/status", "", False),
    *[("agent", verb, GROUP, "spiderreservedips", "", True) for verb in ("get", "list", "watch")],
    *[("agent", verb, GROUP, LEDGER, "", True) for verb in ("get", "list", "watch")],
    *[("agent", verb, GROUP, LEDGER, "", False) for verb in ("create", "update", "patch", "delete")],
    ("agent", "patch", GROUP, f"{LEDGER}/status", "", True),
    *[("agent", verb, GROUP, ENDPOINT, "", True) for verb in ("get", "create", "update", "delete")],
    *[("agent", verb, "", what, "", True) for verb in ("get", "list", "watch") for what in ("pods", "nodes")],
    *[("agent", verb, "", "namespaces", "", True) for verb in ("list", "watch")],
    ("agent", "delete", "", "pods", "", False),
    ("agent", "get", "", "secrets", "", False),
    ("agent", "get", "apps", "statefulsets", "", True),
    ("agent", "create", "", "events", "", True),
    *[("controller", verb, GROUP, CLAIM, "", True) for verb in ("get", "list", "watch", "update", "delete")],
    *[("controller", verb, GROUP, CLAIM, "", False) for verb in ("create", "deletecollection")],
    *[("controller", verb, GROUP, POOL, "", True) for verb in ("get", "list", "watch", "patch")],
    *[("controller", verb, GROUP, POOL, "", False) for verb in ("create", "delete")],
    ("controller", "update", GROUP, f"{POOL}/status", "", True),
    *[("controller", verb, GROUP, "spiderreservedips", "", True) for verb in ("list", "watch")],
    *[("controller", verb, GROUP, LEDGER, "default", True) for verb in ("get", "update")],
    ("controller", "create", GROUP, LEDGER, "", False),
    *[("controller", verb, "", what, "", True) for verb in ("get", "list", "watch") for what in ("pods", "nodes")],
    ("controller", "delete", "", "pods", "", False),
    ("controller", "get", "apps", "statefulsets", "", True),
    ("controller", "create", "", "events", "", True),
    ("controller", "get", "coordination.k8s.io", "leases", "n1", True),
    ("controller", "update", "coordination.k8s.io", "leases", "spiderpool-controller-leases", True),
    ("controller", "update", "coordination.k8s.io", "leases", "n1", False),
    ("controller", "create", "coordination.k8s.io", "leases", "", True),
    ("controller", "get", "", "secrets", "spiderpool-controller-cert", True),
    ("controller", "get", "", "secrets", "other", False),
    ("controller", "list", "", "secrets", "", False),
    ("controller", "create", "", "secrets", "", True),
    *[
        ("controller", verb, "admissionregistration.k8s.io", f"{sort}webhookconfigurations", name, allowed)
        for sort in ("mutating", "validating")
        for verb, name, allowed in (
            ("get", "spiderpool-controller", True),
            ("patch", "spiderpool-controller", True),
            ("create", "", True),
            ("patch", "other", False),
            ("delete", "spiderpool-controller", False),
        )
    ],
]


@pytest.mark.local
@pytest.mark.parametrize("api", ["real"], indirect=True)
def test_the_roles_allow_what_the_services_do_and_little_more(installed: Face) -> None:
    wrong = []
    for who, verb, group, resource, name, allowed in RBAC:
        plural, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource, "name": name}
        namespaced = plural in ("leases", "secrets")
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:spiderpool:spiderpool-{who}",
                "resourceAttributes": attributes | ({"namespace": "spiderpool"} if namespaced else {}),
            },
        }
        status, answer = installed.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        assert status == 201, answer
        if answer["status"]["allowed"] != allowed:
            wrong.append((who, verb, resource, name))
    assert wrong == []


def test_the_claims_of_a_role_are_named_as_the_api_names_them() -> None:
    named = {
        resource.partition("/")[0]
        for document in documents(CHART / "rbac")
        for rule in document.get("rules", ())
        if rule["apiGroups"] == [GROUP]
        for resource in rule["resources"]
    }
    assert named == {CLAIMS.plural, POOLS.plural, RESERVED_IPS.plural, LEDGERS.plural, ENDPOINT}
