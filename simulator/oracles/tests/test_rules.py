"""Each rule of the oracles: a history that keeps it, and one that breaks it."""

import json
from typing import Any

import pytest

from simulator.oracles.rules import Oracles
from simulator.oracles.violation import Rule, Violation

ADDRESS = "10.9.0.1/16"


class Bench:
    """Oracles without a world: a test tells what happens."""

    def __init__(self) -> None:
        self.found: list[Violation] = []
        self.oracles = Oracles(seconds=lambda: 1.5, on_violation=self.found.append)
        self.objects: dict[str, dict[str, Any]] = {}

    @property
    def rules(self) -> list[Rule]:
        return [violation.rule for violation in self.found]

    def put(self, kind: str, name: str, spec: dict[str, Any] | None, **meta: Any) -> None:
        """Write an object, or delete it."""
        old = self.objects.pop(f"{kind}/{name}", None)
        metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", **meta}
        new = None if spec is None else {"kind": kind, "metadata": metadata, "spec": spec}
        if new:
            self.objects[f"{kind}/{name}"] = new
        self.oracles.on_store(1, "MODIFIED", old, new)

    def pool(self, **spec: Any) -> None:
        self.put("SpiderIPPool", "v4", {"ips": ["10.9.0.1-10.9.0.9"], "subnet": "10.9.0.0/16", **spec})

    def claim(self, container: str | None = "c1", **spec: Any) -> None:
        """Claim the address for a container, or cool it."""
        owner = {
            "uid": spec.pop("uid", "u1"),
            "namespace": "default",
            "name": "web",
            "node": "n1",
            "containerID": container,
            "interface": "eth0",
            "netns": {"path": f"/ns/{container}", "inode": 1},
        }
        whole = {"address": ADDRESS, "state": "Claimed", "pool": {"name": "v4", "uid": "p"}, **spec}
        self.put("SpiderIPAddress", "10.9.0.1", whole | ({"owner": owner} if container else {}))

    def free(self) -> None:
        self.put("SpiderIPAddress", "10.9.0.1", None)

    def wire(self, state: Any, container: str = "c1", node: str = "n1") -> None:
        self.oracles.on_wire(node, f"/ns/{container}", "eth0", ADDRESS, state, container)

    def add(self, container: str = "c1", uid: str = "u1", *addresses: str) -> None:
        stdout = json.dumps({"ips": [{"address": each} for each in addresses or (ADDRESS,)]}).encode()
        self.oracles.on_cni("ADD", uid, container, "eth0", stdout)

    def delete(self, container: str = "c1", uid: str = "u1") -> None:
        self.oracles.on_cni("DEL", uid, container, "eth0", None)


def test_a_pods_whole_life_breaks_no_rule() -> None:
    bench = Bench()
    bench.pool()
    bench.claim()
    bench.add()
    bench.wire("up")
    bench.delete()
    bench.wire("down")
    bench.free()
    assert bench.rules == []
    assert bench.oracles.judged == 6


def test_an_address_on_two_interfaces_is_seen() -> None:
    bench = Bench()
    bench.claim()
    bench.wire("up")
    bench.wire("up", "c2", "n2")
    assert bench.rules == [Rule.ONE_INTERFACE, Rule.CLAIMED_BY_CARRIER]


@pytest.mark.parametrize("claimed", ["nobody", "another container", "parked"])
def test_an_address_that_comes_up_without_its_claim_is_seen(claimed: str) -> None:
    bench = Bench()
    if claimed == "another container":
        bench.claim("c9")
    elif claimed == "parked":
        bench.claim(state="Parked")
    bench.wire("up")
    assert bench.rules == [Rule.CLAIMED_BY_CARRIER]


@pytest.mark.parametrize("how", ["deleted", "adopted", "parked", "cooled"])
def test_a_claim_that_changes_hands_while_its_address_is_carried_is_seen(how: str) -> None:
    bench = Bench()
    bench.claim()
    bench.wire("up")
    match how:
        case "deleted":
            bench.free()
        case "adopted":
            bench.claim("c2")
        case "parked":
            bench.claim(state="Parked")
        case _:
            bench.claim(None, state="Cooling")
    assert bench.rules == [Rule.RELEASED_OFF_WIRE]


def test_an_add_that_was_told_more_or_less_than_is_claimed_is_seen() -> None:
    bench = Bench()
    bench.pool()
    bench.claim()
    bench.add("c1", "u1", ADDRESS, "fd09::1/64")
    assert bench.rules == [Rule.TOGETHER]


def test_an_add_that_is_told_something_else_without_a_del_is_seen() -> None:
    bench = Bench()
    bench.pool()
    bench.oracles.callers.add_answered("u1", "eth0", b'{"ips": [{"address": "10.9.0.7/16"}]}')
    bench.claim()
    bench.add()
    assert bench.rules == [Rule.SAME_ADDRESS]


def test_an_answer_to_a_container_whose_del_has_begun_is_nobodys() -> None:
    bench = Bench()
    bench.delete()
    bench.add()
    assert bench.rules == []


@pytest.mark.parametrize(
    "edit",
    [
        {"excludeIPs": ["10.9.0.1"]},
        {"ips": ["10.9.0.2-10.9.0.9"]},
        {"gateway": "10.9.0.1"},
        {"disable": True},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_a_claim_made_after_an_edit_that_took_its_address_away_must_not_be_handed_out(edit: dict[str, Any]) -> None:
    before, after, mended = Bench(), Bench(), Bench()
    for bench, early in ((before, True), (after, False), (mended, False)):
        bench.pool()
        if early:
            bench.claim()
        bench.pool(**edit)
        if not early:
            bench.claim()
        if bench is mended:
            bench.pool()
        bench.add()
    assert (before.rules, after.rules, mended.rules) == ([], [Rule.ON_OFFER], [])


def test_a_reserved_address_must_not_be_claimed_anew_and_handed_out() -> None:
    bench = Bench()
    bench.pool()
    bench.put("SpiderReservedIP", "kept", {"ips": ["10.9.0.1"]})
    bench.claim()
    bench.add()
    assert bench.rules == [Rule.ON_OFFER]


def test_an_identity_keeps_its_addresses_while_it_is_wanted() -> None:
    identity = "StatefulSet/default/web-0/eth0"
    kept, lost, scaled, ghost = Bench(), Bench(), Bench(), Bench()
    for bench in (kept, lost, scaled, ghost):
        bench.pool()
        bench.put("StatefulSet", "web", {"replicas": 1})
        bench.put("Pod", "web-0", {}, uid="u0")
        before = ADDRESS if bench is kept else "10.9.0.7/16"
        assert bench.oracles.identities.given(identity, "u0", (before,)) is None
        if bench is scaled:
            bench.put("StatefulSet", "web", {"replicas": 0})
        bench.put("Pod", "web-0", {}, uid="u1")
        newer = "u0" if bench is ghost else "u1"
        bench.claim(uid=newer, identity=identity)
        bench.add("c1", newer)
    assert (kept.rules, lost.rules, scaled.rules, ghost.rules) == ([], [Rule.IDENTITY], [], [])


def test_a_violation_says_which_rule_when_and_what() -> None:
    bench = Bench()
    bench.wire("up")
    assert str(bench.found[0]) == (
        "rule 1: an address on an interface is claimed by exactly that pod and container\n"
        "  at virtual second 1.500000: 10.9.0.1/16 came up on n1 container c1 eth0, but it is claimed by nobody"
    )
