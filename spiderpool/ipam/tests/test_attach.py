import itertools

import pytest

from spiderpool.ipam.attach import (
    Adopt,
    AskHolder,
    Fresh,
    HolderFacts,
    Keep,
    Overtaken,
    decide,
    may_take_over,
    overtaken_by,
)
from spiderpool.ipam.claims import parked
from spiderpool.ipam.tests.objects import a_claim, an_owner
from spiderpool.resources.claim import Netns

NEWER = an_owner(container_id="c2", since=200, netns=Netns(path="/var/run/netns/b", inode=8))
IDENTITY = "StatefulSet/default/web-0/eth0"
LATER = "2026-02-01T00:00:00Z"


def test_a_pod_without_claims_gets_a_fresh_address() -> None:
    assert decide(4, an_owner(), [], []) == Fresh()


def test_the_same_container_keeps_its_claim() -> None:
    claim = a_claim()
    assert decide(4, an_owner(), [claim], []) == Keep(claim=claim)


def test_a_newer_container_of_the_pod_adopts_its_claim() -> None:
    claim = a_claim()
    assert decide(4, NEWER, [claim], []) == Adopt(claim=claim)


def test_the_same_container_started_again_adopts_so_that_the_claim_names_its_start() -> None:
    claim = a_claim()
    assert decide(4, an_owner(since=300), [claim], []) == Adopt(claim=claim)


def test_an_add_of_an_older_container_is_overtaken_even_when_only_the_other_family_is_held() -> None:
    held = a_claim(container_id="c2", since=200)
    assert decide(6, an_owner(), [held], []) == Overtaken(by="c2")
    assert overtaken_by([held], an_owner()) == Overtaken(by="c2")


def test_start_stamps_of_another_boot_order_nothing() -> None:
    before_the_reboot = a_claim(since=900, boot_id="b0")
    assert decide(4, an_owner(since=5), [before_the_reboot], []) == Adopt(claim=before_the_reboot)


def test_of_two_own_claims_of_one_family_the_newest_counts() -> None:
    older, newer = a_claim("10.0.0.11"), a_claim("10.0.0.10", container_id="c2", since=150)
    step = decide(4, an_owner(container_id="c3", since=200), [newer, older], [])
    assert step == Adopt(claim=newer)


def test_a_claim_of_the_other_family_is_not_taken_for_this_one() -> None:
    assert decide(6, NEWER, [a_claim()], []) == Fresh()


def test_a_parked_address_of_the_identity_is_adopted() -> None:
    claim = parked(a_claim(identity=IDENTITY, uid="u0"), "2026-01-02T00:00:00Z")
    assert decide(4, an_owner(), [], [claim]) == Adopt(claim=claim)


def test_a_parked_address_that_a_newer_container_used_goes_before_the_late_claim_of_an_older_one() -> None:
    late = a_claim("10.0.0.11", identity=IDENTITY, container_id="c1", since=100)
    used = parked(a_claim("10.0.0.10", identity=IDENTITY, container_id="c2", since=150), "x")
    caller = an_owner(container_id="c3", since=200)
    assert decide(4, caller, [late], [late, used]) == Adopt(claim=used)
    assert decide(4, caller, [late, used], [late, used]) == Adopt(claim=used)


def test_an_own_claim_goes_before_a_parked_address_of_an_older_container_or_incarnation() -> None:
    mine = a_claim("10.0.0.11", identity=IDENTITY, container_id="c2", since=150)
    caller = an_owner(container_id="c3", since=200)
    for older in (
        a_claim("10.0.0.10", identity=IDENTITY, since=100),
        a_claim("10.0.0.10", identity=IDENTITY, uid="u0", since=900),
        a_claim("10.0.0.10", identity=IDENTITY, boot_id="b0", since=900),
    ):
        assert decide(4, caller, [mine], [mine, parked(older, "x")]) == Adopt(claim=mine)


def test_an_address_that_another_incarnation_still_claims_is_asked_for_never_replaced() -> None:
    claim = a_claim(identity=IDENTITY, uid="u0")
    assert decide(4, an_owner(), [], [claim]) == AskHolder(claim=claim)


def test_of_two_claims_of_an_identity_the_newest_incarnations_counts() -> None:
    ghost = parked(a_claim("10.0.0.11", identity=IDENTITY, uid="u0"), "x")
    newest = parked(a_claim("10.0.0.10", identity=IDENTITY, uid="u1", pod_created=LATER), "x")
    assert decide(4, an_owner(uid="u2"), [], [newest, ghost]) == Adopt(claim=newest)


@pytest.mark.parametrize(("same_machine", "netns_gone", "pod_gone"), list(itertools.product((False, True), repeat=3)))
def test_an_address_changes_hands_only_when_its_pod_is_gone_and_its_own_node_attests(
    *, same_machine: bool, netns_gone: bool, pod_gone: bool
) -> None:
    facts = HolderFacts(same_machine=same_machine, netns_gone=netns_gone, pod_gone=pod_gone)
    assert may_take_over(facts) == (pod_gone and same_machine and netns_gone)
