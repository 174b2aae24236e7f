import pytest

from spiderpool.ipam.claims import (
    adopted,
    cooled,
    is_newer_of_identity,
    labels_of,
    new_claim,
    newest,
    parked,
    same_attempt,
)
from spiderpool.ipam.detach import fate
from spiderpool.ipam.identity import identity_of, is_wanted, label_value, statefulset_of
from spiderpool.ipam.tests.objects import a_claim, a_pool, an_owner
from spiderpool.ipam.verify import why_not
from spiderpool.resources.addresses import parse_address
from spiderpool.resources.core import Pod, StatefulSet, StatefulSetOrdinals, StatefulSetSpec
from spiderpool.resources.meta import ObjectMeta, OwnerReference
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import ReservedSpec, SpiderReservedIP

IDENTITY = "StatefulSet/default/web-1/eth0"
LATER = "2026-02-01T00:00:00Z"


def test_a_new_claim_is_named_after_its_address_and_carries_the_pools_prefix() -> None:
    claim = new_claim(parse_address("10.0.0.12"), a_pool(), an_owner(), "")
    assert (claim.name, claim.spec.address, claim.spec.state) == ("10.0.0.12", "10.0.0.12/24", "Claimed")
    assert claim.metadata.owner_references == ()
    assert claim.metadata.finalizers == ()


def test_labels_tell_pool_node_family_pod_and_identity() -> None:
    labels = labels_of(a_claim(identity=IDENTITY).spec, 4)
    assert labels["ipam.spidernet.io/pool"] == "v4"
    assert labels["ipam.spidernet.io/node"] == "n1"
    assert labels["ipam.spidernet.io/family"] == "4"
    assert labels["ipam.spidernet.io/pod-uid"] == "u1"
    assert labels["ipam.spidernet.io/identity"] == label_value(IDENTITY)


def test_parking_keeps_owner_and_identity_and_cooling_drops_both() -> None:
    claim = a_claim(identity=IDENTITY)
    kept, cooling = parked(claim, LATER), cooled(claim, LATER)
    assert (kept.spec.state, kept.spec.owner, kept.spec.parked_at) == ("Parked", claim.spec.owner, LATER)
    assert (cooling.spec.state, cooling.spec.owner, cooling.spec.identity) == ("Cooling", None, "")
    assert "ipam.spidernet.io/pod-uid" not in cooling.metadata.labels
    assert kept.metadata.resource_version == claim.metadata.resource_version


def test_adoption_changes_the_owner_and_ends_parking() -> None:
    claim = adopted(parked(a_claim(identity=IDENTITY), LATER), an_owner(uid="u2", node="n2"), IDENTITY)
    assert (claim.spec.state, claim.spec.parked_at) == ("Claimed", "")
    assert claim.spec.owner == an_owner(uid="u2", node="n2")
    assert claim.metadata.labels["ipam.spidernet.io/node"] == "n2"


@pytest.mark.parametrize("field", ["uid", "interface", "container_id", "since", "boot_id"])
def test_each_part_of_the_token_tells_attempts_apart(field: str) -> None:
    other = an_owner(**{field: 999 if field == "since" else "other"})
    assert same_attempt(an_owner(), an_owner())
    assert not same_attempt(other, an_owner())
    assert not same_attempt(None, an_owner())


def test_newest_counts_pods_before_containers_and_none_of_nothing() -> None:
    old_pod_late_container = a_claim("10.0.0.10", since=900)
    new_pod = a_claim("10.0.0.11", pod_created=LATER, since=1)
    assert newest([new_pod, old_pod_late_container]) == new_pod
    assert newest([]) is None


def test_of_two_incarnations_of_one_second_the_one_that_was_in_use_last_counts() -> None:
    """On two nodes: the start stamps are of two boot clocks and compare nothing."""
    ghost = parked(
        a_claim("10.0.0.10", identity=IDENTITY, uid="u1", node="n2", boot_id="b2", since=900), "2026-01-01T00:00:01Z"
    )
    real = parked(a_claim("10.0.0.11", identity=IDENTITY, uid="u2", since=1), "2026-01-01T00:00:20Z")
    assert newest([real, ghost]) == real
    in_use = a_claim("10.0.0.12", identity=IDENTITY, uid="u3", boot_id="b3", since=1)
    assert newest([ghost, in_use, real]) == in_use


def test_of_two_claims_of_one_boot_the_one_that_started_last_counts_though_the_other_is_not_parked() -> None:
    late = a_claim("10.0.0.10", identity=IDENTITY, since=100, container_id="c1")
    given = parked(a_claim("10.0.0.11", identity=IDENTITY, since=200, container_id="c2"), "2026-01-01T00:00:20Z")
    assert newest([given, late]) == given


def test_another_container_of_the_same_pod_is_no_newer_incarnation() -> None:
    claim = a_claim("10.0.0.10", identity=IDENTITY)
    assert not is_newer_of_identity(a_claim("10.0.0.11", identity=IDENTITY, since=900), claim)
    assert not is_newer_of_identity(claim, claim)
    assert is_newer_of_identity(a_claim("10.0.0.11", identity=IDENTITY, uid="u2", pod_created=LATER), claim)


@pytest.mark.parametrize(
    ("wanted", "newer", "cooldown_seconds", "expected"),
    [
        (True, False, 0, "park"),
        (True, False, 60, "park"),
        (True, True, 0, "delete"),
        (True, True, 60, "cool"),
        (False, False, 0, "delete"),
        (False, False, 60, "cool"),
    ],
)
def test_the_fate_of_a_released_claim(*, wanted: bool, newer: bool, cooldown_seconds: int, expected: str) -> None:
    claim = a_claim("10.0.0.10", identity=IDENTITY)
    others = [a_claim("10.0.0.11", identity=IDENTITY, uid="u2", pod_created=LATER)] if newer else [claim]
    got = fate(claim, identity_wanted=wanted, of_identity=others, cooldown_seconds=cooldown_seconds)
    assert got == expected


def a_pod(kind: str = "StatefulSet", name: str = "web-1") -> Pod:
    reference = OwnerReference(api_version="apps/v1", kind=kind, name="web", uid="s", controller=True)
    return Pod(metadata=ObjectMeta(name=name, namespace="default", owner_references=(reference,) if kind else ()))


def test_only_a_statefulsets_pod_has_an_identity() -> None:
    assert identity_of(a_pod(), "eth0") == IDENTITY
    assert identity_of(a_pod("ReplicaSet"), "eth0") == ""
    assert identity_of(a_pod(""), "eth0") == ""


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (IDENTITY, ("default", "web", 1)),
        ("StatefulSet/ns/a-b-10/net1", ("ns", "a-b", 10)),
        ("StatefulSet/ns/web/eth0", None),
        ("StatefulSet/ns/web-01/eth0", None),
        ("VM/ns/web-1/eth0", None),
        ("", None),
    ],
)
def test_an_identity_names_its_statefulset_and_ordinal(identity: str, expected: tuple[str, str, int] | None) -> None:
    assert statefulset_of(identity) == expected


@pytest.mark.parametrize(
    ("start", "replicas", "wanted"), [(0, 2, True), (0, 1, False), (1, 1, True), (2, 5, False), (0, 0, False)]
)
def test_an_ordinal_is_wanted_from_start_on_for_as_many_as_replicas(*, start: int, replicas: int, wanted: bool) -> None:
    spec = StatefulSetSpec(replicas=replicas, ordinals=StatefulSetOrdinals(start=start))
    assert is_wanted(IDENTITY, StatefulSet(metadata=ObjectMeta(name="web"), spec=spec)) == wanted


def test_nothing_is_wanted_of_a_statefulset_that_is_gone_or_going() -> None:
    going = StatefulSet(metadata=ObjectMeta(name="web", deletion_timestamp=LATER), spec=StatefulSetSpec(replicas=3))
    assert not is_wanted(IDENTITY, None)
    assert not is_wanted(IDENTITY, going)
    assert not is_wanted("", StatefulSet(metadata=ObjectMeta(name="web"), spec=StatefulSetSpec(replicas=3)))


@pytest.mark.parametrize("text", ["a", "n1.example", "x" * 63])
def test_what_is_a_label_value_stays_itself(text: str) -> None:
    assert label_value(text) == text


@pytest.mark.parametrize("text", ["x" * 64, "a/b", "-a", "a-", "/////", "StatefulSet/ns/" + "n" * 300])
def test_what_is_no_label_value_becomes_a_prefix_and_a_hash(text: str) -> None:
    value = label_value(text)
    assert len(value) <= 63
    assert label_value(value) == value
    assert value != label_value(text + "x")


RESERVED = SpiderReservedIP(metadata=ObjectMeta(name="r"), spec=ReservedSpec(ips=("10.0.0.12",)))


@pytest.mark.parametrize(
    ("address", "pool", "says"),
    [
        ("10.0.0.11", a_pool(), None),
        ("10.0.0.11", None, "gone"),
        ("10.0.0.12", a_pool(), "reserved"),
        ("10.0.0.30", a_pool(), "outside"),
        ("10.0.0.11", a_pool(exclude_ips=("10.0.0.11",)), "outside"),
        ("10.0.0.11", a_pool(gateway="10.0.0.11"), "outside"),
        ("10.0.0.11", a_pool(disable=True), "disabled"),
        ("10.0.0.11", a_pool("v6", "fd00::1", subnet="fd00::/64"), "outside"),
        ("10.0.0.11", a_pool("bad", "nonsense"), "cannot be read"),
    ],
)
def test_a_claim_is_held_against_the_pool_as_it_stands(
    address: str, pool: SpiderIPPool | None, says: str | None
) -> None:
    reason = why_not(parse_address(address), pool, [RESERVED])
    assert (reason is None) if says is None else (reason is not None and says in reason)


def test_a_claim_of_a_pool_that_is_being_deleted_is_given_back() -> None:
    pool = a_pool()
    going = type(pool)(metadata=ObjectMeta(name="v4", deletion_timestamp=LATER), spec=pool.spec)
    assert "deleted" in (why_not(parse_address("10.0.0.11"), going, []) or "")
