"""What an API server makes of our definitions: it establishes, prunes, defaults and validates as the models do.

The bodies run against a real kube-apiserver and, as far as it goes, against the simulated one: the same answers.
"""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from spiderpool.resources.crds import definitions
from spiderpool.resources.kinds import CLAIMS, ENDPOINTS, LEDGERS, POOLS, RESERVED_IPS, AnyKind
from spiderpool.resources.pool import COUNT_LIMIT
from spiderpool.resources.tests.faces import DEFINITIONS_PATH, Face, Json, create, delete, get, update
from spiderpool.resources.tests.test_models import FULL_CLAIM, FULL_POOL
from spiderpool.resources.tests.test_models import FULL_ENDPOINT as FINALIZED_ENDPOINT

KINDS: dict[str, AnyKind] = {"pool": POOLS, "claim": CLAIMS, "endpoint": ENDPOINTS, "ledger": LEDGERS}


@pytest.fixture(autouse=True)
def _empty(api: Face) -> Iterator[None]:
    """Each test starts and ends with no object of ours."""
    yield
    for kind in (POOLS, RESERVED_IPS, CLAIMS, LEDGERS, ENDPOINTS):
        _, listing = api.request("GET", kind.collection_path())
        for item in listing["items"]:
            delete(api, kind, item["metadata"]["name"], item["metadata"].get("namespace", ""))


def bare(item: Json) -> Json:
    """A copy without what a client does not send, nor a status."""
    return copy.deepcopy({key: value for key, value in item.items() if key != "status"})


def changed(item: Json, **fields: Any) -> Json:
    """A copy with some fields of its spec replaced; None takes a field out."""
    copied = copy.deepcopy(item)
    for name, value in fields.items():
        target = copied["spec"]
        *way, last = name.split("__")
        for step in way:
            target = target[step]
        if value is None:
            del target[last]
        else:
            target[last] = value
    return copied


def pool_of(**spec: Any) -> Json:
    return {"metadata": {"name": "p"}, "spec": {"subnet": "10.0.0.0/16", **spec}}


FULL_ENDPOINT = {**FINALIZED_ENDPOINT, "metadata": {"name": "web-0", "namespace": "contract"}}
CLAIMED = changed(
    {"metadata": {"name": "10.0.0.10"}, "spec": FULL_CLAIM["spec"]},
    state="Claimed",
    parkedAt=None,
    releasedAt=None,
    identity=None,
)
STICKY = changed(CLAIMED, identity="StatefulSet/default/web-0")
PARKED = changed(STICKY, state="Parked", parkedAt="2026-11-23T11:04:37Z")
COOLING = changed(CLAIMED, state="Cooling", owner=None, releasedAt="2026-11-23T11:04:37Z")


def test_every_definition_is_established_without_a_complaint(api: Face) -> None:
    for document in definitions().values():
        status, found = api.request("GET", f"{DEFINITIONS_PATH}/{document['metadata']['name']}")
        assert status == 200
        conditions = {one["type"]: one["status"] for one in found["status"]["conditions"]}
        assert conditions["Established"] == "True"
        assert conditions["NamesAccepted"] == "True"
        assert conditions.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (POOLS, bare(FULL_POOL)),
        (RESERVED_IPS, {"metadata": {"name": "r"}, "spec": {"ipVersion": 4, "ips": ["10.0.0.1-10.0.0.3"]}}),
        (ENDPOINTS, FULL_ENDPOINT),
        (CLAIMS, {"metadata": {"name": "10.0.0.10"}, "spec": FULL_CLAIM["spec"]}),
        (LEDGERS, {"metadata": {"name": "default"}, "spec": {"epoch": 3, "mode": "Open"}}),
    ],
)
def test_what_the_server_returns_decodes_into_what_the_model_says(api: Face, kind: AnyKind, item: Json) -> None:
    status, answer = create(api, kind, item)
    assert status == 201, answer
    returned = msgspec.convert(answer, kind.model)
    sent = msgspec.convert(item, kind.model)
    assert {key: value for key, value in answer.items() if key in ("spec", "status")} == {
        key: value for key, value in item.items() if key in ("spec", "status")
    }
    assert msgspec.structs.replace(returned, metadata=sent.metadata) == sent


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (POOLS, {"metadata": {"name": "p"}, "spec": {"subnet": "10.0.0.0/16"}}),
        (RESERVED_IPS, {"metadata": {"name": "r"}}),
        (RESERVED_IPS, {"metadata": {"name": "r"}, "spec": {}}),
        (LEDGERS, {"metadata": {"name": "default"}}),
        (ENDPOINTS, {"metadata": {"name": "e", "namespace": "contract"}}),
        (CLAIMS, changed(CLAIMED, state=None)),
    ],
)
def test_what_is_left_out_is_defaulted_as_the_model_does(api: Face, kind: AnyKind, item: Json) -> None:
    status, answer = create(api, kind, item)
    assert status == 201, answer
    sent = msgspec.convert(item, kind.model)
    assert msgspec.structs.replace(msgspec.convert(answer, kind.model), metadata=sent.metadata) == sent


@pytest.mark.parametrize(
    ("kind", "item", "spec"),
    [
        (POOLS, pool_of(), {"subnet": "10.0.0.0/16", "default": False, "disable": False}),
        (POOLS, pool_of(default=None), {"subnet": "10.0.0.0/16", "default": False, "disable": False}),
        (LEDGERS, {"metadata": {"name": "default"}}, {"epoch": 1, "mode": "Recovering"}),
        (CLAIMS, changed(CLAIMED, state=None), CLAIMED["spec"]),
    ],
)
def test_the_server_writes_the_defaults_down(api: Face, kind: AnyKind, item: Json, spec: Json) -> None:
    _, answer = create(api, kind, item)
    assert answer["spec"] == spec


@pytest.mark.local
@pytest.mark.parametrize("api", ["real"], indirect=True)
def test_a_null_is_read_as_left_out(api: Face) -> None:
    status, answer = create(api, POOLS, pool_of(ips=None, gateway=None, podAffinity=None, ipVersion=None))
    assert status == 201, answer
    assert answer["spec"] == {"subnet": "10.0.0.0/16", "default": False, "disable": False}


def test_what_no_field_knows_is_pruned(api: Face) -> None:
    status, answer = create(api, POOLS, pool_of(vlan=7, routes=[{"dst": "10.9.0.0/16", "gw": "10.0.0.1", "mtu": 1}]))
    assert status == 201, answer
    assert "vlan" not in answer["spec"]
    assert answer["spec"]["routes"] == [{"dst": "10.9.0.0/16", "gw": "10.0.0.1"}]


REFUSED: list[tuple[str, AnyKind, Json, str]] = [
    ("no subnet", POOLS, {"metadata": {"name": "p"}, "spec": {}}, "spec.subnet"),
    ("no spec", POOLS, {"metadata": {"name": "p"}}, "spec"),
    ("a version that does not exist", POOLS, pool_of(ipVersion=5), "spec.ipVersion"),
    ("IPv6 for an IPv4 subnet", POOLS, pool_of(ipVersion=6), "ipVersion is not that of the subnet"),
    ("IPv4 for an IPv6 subnet", POOLS, pool_of(subnet="fd00::/64", ipVersion=4), "not that of the subnet"),
    ("a text for a list", POOLS, pool_of(ips="10.0.0.1"), "spec.ips"),
    ("a route without gateway", POOLS, pool_of(routes=[{"dst": "10.9.0.0/16"}]), "spec.routes[0].gw"),
    ("a negative cooldown", POOLS, pool_of(cooldownSeconds=-1), "spec.cooldownSeconds"),
    ("a reservation for IPv5", RESERVED_IPS, {"metadata": {"name": "r"}, "spec": {"ipVersion": 5}}, "spec.ipVersion"),
    ("a ledger of another name", LEDGERS, {"metadata": {"name": "mine"}}, "its name is default"),
    (
        "an unknown ledger mode",
        LEDGERS,
        {"metadata": {"name": "default"}, "spec": {"epoch": 1, "mode": "Shut"}},
        "spec.mode",
    ),
    ("an epoch below one", LEDGERS, {"metadata": {"name": "default"}, "spec": {"epoch": 0}}, "spec.epoch"),
    ("a claim without owner", CLAIMS, changed(CLAIMED, owner=None), "a Claimed address has an owner"),
    ("a claim that cools with its owner", CLAIMS, changed(CLAIMED, state="Cooling"), "a Cooling address has no owner"),
    ("parked without identity", CLAIMS, changed(PARKED, identity=None), "a Parked address has an identity"),
    ("parked with an empty identity", CLAIMS, changed(PARKED, identity=""), "a Parked address has an identity"),
    ("parked without owner", CLAIMS, changed(PARKED, owner=None), "a Parked address has an identity"),
    ("an unknown state", CLAIMS, changed(CLAIMED, state="Lost"), "spec.state"),
    ("an owner without container", CLAIMS, changed(CLAIMED, owner__containerID=None), "spec.owner.containerID"),
    ("a time that is none", CLAIMS, changed(PARKED, parkedAt="noon"), "spec.parkedAt"),
    ("a name of another address", CLAIMS, {**CLAIMED, "metadata": {"name": "10.0.0.1"}}, "name of a claim"),
    ("a name that is too long", CLAIMS, {**CLAIMED, "metadata": {"name": "a" * 40}}, "at most 39 characters"),
    (
        "a short name of an IPv6 address",
        CLAIMS,
        changed({**CLAIMED, "metadata": {"name": "fd00-1"}}, address="fd00::1/64"),
        "eight groups of four digits",
    ),
    (
        "a name of another IPv6 address",
        CLAIMS,
        changed({**CLAIMED, "metadata": {"name": "fd00-0000-0000-0000-0000-0000-0000-0002"}}, address="fd00::1/64"),
        "name of a claim",
    ),
    (
        "a second name of one IPv6 address",
        CLAIMS,
        changed({**CLAIMED, "metadata": {"name": "0000-0000-0000-0000-0000-0001-10.0.0.11"}}, address="::1:a00:b/64"),
        "name of a claim",
    ),
    (
        "a VLAN that does not exist",
        ENDPOINTS,
        {
            **FULL_ENDPOINT,
            "status": {
                **FULL_ENDPOINT["status"],
                "current": {"uid": "u", "node": "n", "ips": [{"interface": "eth0", "vlan": 4095}]},
            },
        },
        "vlan",
    ),
]


@pytest.mark.parametrize(("kind", "item", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_the_schema_forbids_is_refused_with_its_reason(api: Face, kind: AnyKind, item: Json, reason: str) -> None:
    status, answer = create(api, kind, item)
    assert status == 422, answer
    assert answer["reason"] == "Invalid"
    assert reason in answer["message"]


ACCEPTED: list[tuple[str, AnyKind, Json]] = [
    ("a version that fits", POOLS, pool_of(ipVersion=4)),
    ("an IPv6 version that fits", POOLS, pool_of(subnet="fd00::/64", ipVersion=6)),
    ("a claim", CLAIMS, CLAIMED),
    ("a parked claim", CLAIMS, PARKED),
    ("a cooling claim", CLAIMS, COOLING),
    (
        "an IPv6 claim",
        CLAIMS,
        changed(
            {**CLAIMED, "metadata": {"name": "fd00-0000-0000-0000-0000-0000-0000-0001"}},
            address="fd00::1/64",
        ),
    ),
]


@pytest.mark.parametrize(("kind", "item"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_what_the_rules_allow_is_accepted(api: Face, kind: AnyKind, item: Json) -> None:
    status, answer = create(api, kind, item)
    assert status == 201, answer


CHANGES: list[tuple[str, str, Json, Json, str]] = [
    ("a pool keeps its subnet", "pool", pool_of(), pool_of(ips=["10.0.0.1"]), ""),
    (
        "a pool with another subnet",
        "pool",
        pool_of(),
        pool_of(subnet="10.1.0.0/16"),
        "the subnet of a pool never changes",
    ),
    ("a pool learns its version", "pool", pool_of(), pool_of(ipVersion=4), ""),
    ("a pool applied again without version", "pool", pool_of(ipVersion=4), pool_of(), ""),
    (
        "a pool with another version",
        "pool",
        pool_of(ipVersion=4),
        pool_of(subnet="fd00::/64", ipVersion=6),
        "the ipVersion of a pool never changes",
    ),
    ("a claim with another address", "claim", CLAIMED, changed(CLAIMED, address="10.0.0.10/24"), "never changes"),
    ("a newer container adopts", "claim", CLAIMED, changed(CLAIMED, owner__since=(1 << 60) + 1), ""),
    ("an older container comes late", "claim", CLAIMED, changed(CLAIMED, owner__since=5), "owner.since never falls"),
    (
        "the clock of another boot starts low",
        "claim",
        CLAIMED,
        changed(CLAIMED, owner__since=5, owner__bootID="b2"),
        "",
    ),
    ("another pod takes a claim", "claim", CLAIMED, changed(CLAIMED, owner__uid="u2"), "another pod takes over"),
    (
        "another pod takes it by calling itself an identity",
        "claim",
        CLAIMED,
        changed(STICKY, owner__uid="u2"),
        "another pod takes over",
    ),
    ("the same identity takes over", "claim", STICKY, changed(STICKY, owner__uid="u2"), ""),
    (
        "another identity takes over",
        "claim",
        STICKY,
        changed(STICKY, owner__uid="u2", identity="StatefulSet/default/web-1"),
        "another pod takes over",
    ),
    ("a claim is parked", "claim", STICKY, PARKED, ""),
    ("the same identity adopts a parked claim", "claim", PARKED, changed(STICKY, owner__uid="u2"), ""),
    (
        "a stateless pod takes a parked claim",
        "claim",
        PARKED,
        changed(CLAIMED, owner__uid="u2"),
        "another pod takes over",
    ),
    ("a claim cools", "claim", CLAIMED, COOLING, ""),
    ("any pod takes a cooling claim", "claim", COOLING, changed(CLAIMED, owner__uid="u2", owner__since=5), ""),
    (
        "the epoch grows",
        "ledger",
        {"metadata": {"name": "default"}, "spec": {"epoch": 2, "mode": "Open"}},
        {"metadata": {"name": "default"}, "spec": {"epoch": 3, "mode": "Recovering"}},
        "",
    ),
    (
        "the epoch falls",
        "ledger",
        {"metadata": {"name": "default"}, "spec": {"epoch": 2, "mode": "Open"}},
        {"metadata": {"name": "default"}, "spec": {"epoch": 1, "mode": "Open"}},
        "the epoch never falls",
    ),
    (
        "the epoch is forgotten",
        "ledger",
        {"metadata": {"name": "default"}, "spec": {"epoch": 2, "mode": "Open"}},
        {"metadata": {"name": "default"}},
        "the epoch never falls",
    ),
]


@pytest.mark.parametrize(
    ("kind", "before", "after", "reason"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_a_change_is_accepted_or_refused_by_the_rules(
    api: Face, kind: str, before: Json, after: Json, reason: str
) -> None:
    status, answer = create(api, KINDS[kind], before)
    assert status == 201, answer
    metadata = {**after["metadata"], "resourceVersion": answer["metadata"]["resourceVersion"]}
    status, answer = update(api, KINDS[kind], {**after, "metadata": metadata})
    if reason:
        assert status == 422, answer
        assert reason in answer["message"]
    else:
        assert status == 200, answer


def test_the_status_of_a_pool_is_written_apart_from_its_spec(api: Face) -> None:
    _, created = create(api, POOLS, {**FULL_POOL, "spec": FULL_POOL["spec"]})
    assert "status" not in created
    _, counted = update(
        api, POOLS, {**created, "status": FULL_POOL["status"], "spec": {"subnet": "10.0.0.0/16"}}, "status"
    )
    assert counted["status"] == FULL_POOL["status"]
    assert counted["spec"] == created["spec"]
    assert counted["metadata"]["generation"] == 1
    status, edited = update(api, POOLS, changed({**counted, "status": {"totalIPCount": 0}}, disable=False))
    assert status == 200, edited
    assert edited["status"] == FULL_POOL["status"]
    assert edited["metadata"]["generation"] == 2
    assert msgspec.convert(edited, POOLS.model).status == msgspec.convert(FULL_POOL, POOLS.model).status


def test_a_count_ends_where_the_integers_of_the_api_end(api: Face) -> None:
    _, created = create(api, POOLS, pool_of())
    status, counted = update(api, POOLS, {**created, "status": {"totalIPCount": COUNT_LIMIT}}, "status")
    assert status == 200, counted
    assert counted["status"]["totalIPCount"] == COUNT_LIMIT
    status, answer = update(api, POOLS, {**counted, "status": {"totalIPCount": COUNT_LIMIT + 1}}, "status")
    assert status != 200, answer


def test_a_node_acknowledges_in_the_status_of_the_ledger(api: Face) -> None:
    _, created = create(api, LEDGERS, {"metadata": {"name": "default"}, "status": {"acknowledged": {"n1": 1}}})
    assert "status" not in created
    _, acknowledged = update(api, LEDGERS, {**created, "status": {"acknowledged": {"n1": 1}}}, "status")
    assert acknowledged["status"] == {"acknowledged": {"n1": 1}}


def test_an_endpoint_is_written_whole_because_it_has_no_status_subresource(api: Face) -> None:
    status, created = create(api, ENDPOINTS, FULL_ENDPOINT)
    assert status == 201, created
    assert created["status"] == FULL_ENDPOINT["status"]
    assert update(api, ENDPOINTS, created, "status")[0] == 404
    moved = copy.deepcopy(created)
    moved["status"]["current"]["node"] = "n2"
    assert update(api, ENDPOINTS, moved)[1]["status"]["current"]["node"] == "n2"


def test_the_name_of_a_claim_is_a_lock(api: Face) -> None:
    assert create(api, CLAIMS, CLAIMED)[0] == 201
    status, answer = create(api, CLAIMS, changed(CLAIMED, owner__uid="u2"))
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    assert get(api, CLAIMS, "10.0.0.10")[1]["spec"]["owner"]["uid"] == CLAIMED["spec"]["owner"]["uid"]
