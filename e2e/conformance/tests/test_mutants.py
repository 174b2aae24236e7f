"""Each claim named here can fail: an API server with one known mistake breaks it.

The mistakes are those that in-process API servers are known for (no optimistic concurrency, no isolation of status, no
history, ...). A mutant is the simulated server with one function replaced.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from e2e.conformance import recording
from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import SimulatedFace
from e2e.conformance.known import KNOWN
from e2e.conformance.recording import Transcript
from simulator.kube.controllers.garbage import GarbageCollector
from simulator.kube.server import deletion, discovery, metadata, watch, writes
from simulator.kube.server.access import rbac
from simulator.kube.server.admission import admission
from simulator.kube.server.custom import rules
from simulator.kube.server.patching import field_ownership, patches
from simulator.kube.server.store import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One mistake: what is replaced, by what (made from the original), and the claim that it breaks."""

    name: str
    place: Any
    attribute: str
    make: Callable[[Any], Any]
    claim: str


def _instead(value: Any) -> Callable[[Any], Any]:
    return lambda _original: value


def _without_revision(original: Any) -> Any:
    def check(body: Any, old: Any, resource: Any, *more: Any) -> None:
        body["metadata"].pop("resourceVersion", None)
        original(body, old, resource, *more)

    return check


def _always_modified(original: Any) -> Any:
    def seen(self: Any, change: Any) -> Any:
        event = original(self, change)
        return event and {**event, "type": "MODIFIED"}

    return seen


def _without_names(original: Any) -> Any:
    def covers(rule: Any, action: Any) -> Any:
        return original({**rule, "resourceNames": []}, action)

    return covers


def _anywhere(original: Any) -> Any:
    def grants(self: Any, action: Any) -> Any:
        places = {grant.namespace for grant in self._read()} | {action.namespace}
        for place in sorted(places):
            yield from original(self, msgspec.structs.replace(action, namespace=place))

    return grants


def _once(original: Any) -> Any:
    """Grants are read anew, and none is forgotten."""
    kept: list[Any] = []

    def read(self: Any) -> Any:
        kept.extend(grant for grant in original(self) if grant not in kept)
        return iter(kept)

    return read


def _backwards(original: Any) -> Any:
    return lambda self: dict(reversed(list(original(self).items())))


def _without_other_names(original: Any) -> Any:
    return lambda self, resource: {**original(self, resource), "others": {}}


# The mistake, where it is made, what is replaced, by what, and the claim that it breaks.
_ROWS: list[tuple[str, Any, str, Callable[[Any], Any], str]] = [
    (
        "a write that changes nothing makes a version",
        writes,
        "same",
        _instead(lambda *_: False),
        "objects.a_write_that_changes_nothing_makes_no_version",
    ),
    (
        "the last writer wins",
        metadata,
        "check_identity",
        _without_revision,
        "objects.of_two_updates_of_one_version_the_second_is_a_conflict",
    ),
    (
        "a status write changes everything",
        writes.Writes,
        "_settle",
        _instead(lambda *_, **__: None),
        "objects.specification_and_status_are_written_apart",
    ),
    (
        "a delete takes whoever has the name",
        deletion.Deletion,
        "check_preconditions",
        _instead(lambda *_: None),
        "deletion.a_delete_spares_another_incarnation_or_version",
    ),
    (
        "finalizers hold nothing",
        deletion,
        "_finalizers",
        _instead(lambda *_: []),
        "deletion.an_object_with_a_finalizer_stays_until_it_is_taken_off",
    ),
    (
        "pods have no grace",
        deletion.Deletion,
        "_grace",
        _instead(lambda *_: 0),
        "deletion.a_bound_pod_has_its_grace_period_and_goes_at_the_second_delete",
    ),
    (
        "every write is a generation",
        writes,
        "spec_changed",
        _instead(lambda *_: True),
        "objects.generation_counts_changes_of_the_specification_only",
    ),
    (
        "what ceases to match is modified",
        watch.Watch,
        "_seen",
        _always_modified,
        "reading.what_begins_or_ceases_to_match_comes_and_goes",
    ),
    (
        "a page is of now",
        Table,
        "snapshot",
        _instead(lambda self, _revision: dict(self.objects)),
        "reading.pages_are_of_one_snapshot",
    ),
    (
        "a watch begins now",
        Table,
        "since",
        _instead(lambda *_: iter(())),
        "reading.a_watch_tells_every_change_after_a_version_in_order",
    ),
    (
        "rules are asked of nobody",
        rules.RuleNode,
        "_ask",
        _instead(lambda *_, **__: None),
        "custom_resources.rules_are_enforced_with_their_messages",
    ),
    (
        "lists are replaced by strategic patches",
        patches,
        "strategically_merged",
        _instead(lambda target, patch, *_: patches.merged(target, patch)),
        "objects.a_strategic_patch_merges_lists_of_built_in_kinds_by_key",
    ),
    (
        "webhooks are not asked",
        admission.Admission,
        "concerns",
        _instead(lambda *_: False),
        "admission.a_mutating_webhook_changes_what_is_stored",
    ),
    (
        "nobody collects",
        GarbageCollector,
        "_forget",
        _instead(lambda *_: None),
        "collectors.what_an_owner_leaves_behind_is_collected_by_its_uid",
    ),
    (
        "rights are given away by whoever may write roles",
        rbac,
        "check_escalation",
        _instead(lambda *_: None),
        "escalation.a_star_covers_what_it_stands_for",
    ),
    (
        "a rule about some objects is about all",
        rbac,
        "covers",
        _without_names,
        "authorization.a_role_may_name_the_objects",
    ),
    ("a role holds everywhere", rbac.Rbac, "_of", _anywhere, "authorization.a_role_holds_in_its_namespace_only"),
    ("what a role lost is remembered", rbac.Rbac, "_read", _once, "authorization.a_right_that_is_taken_away_is_gone"),
    ("groups have no order", discovery.Discovery, "served", _backwards, "discovery.groups_have_an_order"),
    (
        "short names and categories are not told",
        discovery.Discovery,
        "words",
        _without_other_names,
        "discovery.a_definition_gives_its_names",
    ),
    (
        "whoever applies last wins",
        field_ownership,
        "_check_conflicts",
        _instead(lambda *_, **__: None),
        "ownership.another_value_for_an_applied_field_is_a_conflict",
    ),
    (
        "what is no longer applied stays",
        field_ownership,
        "_pruned",
        _instead(lambda merged, *_: merged),
        "apply.what_is_no_longer_applied_is_removed",
    ),
]
MUTANTS = [
    Mutant(name=name, place=place, attribute=attribute, make=make, claim=claim)
    for name, place, attribute, make, claim in _ROWS
]


def _breaks(claim: str) -> str:
    """Ask one claim of a fresh server; what broke, or nothing."""
    module, _, name = claim.partition(".")
    ask = getattr(importlib.import_module(f"e2e.conformance.test_{module}"), f"test_{name}")
    face = SimulatedFace()
    try:
        install(face, WIDGETS)
        install(face, GEARS)
        namespace = "c-" + name.replace("_", "-")[:50].strip("-")
        face.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        space = Workspace(face=Transcript(face, namespace, namespace), bare=face, namespace=namespace, shown=namespace)
        try:
            ask(space)
        except Exception as error:  # noqa: BLE001  a mutant may break the claim in any way
            return repr(error)
        return "" if claim in KNOWN else "\n".join(recording.differences(claim, space.face.exchanges, namespace))
    finally:
        face.close()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_server_with_a_known_mistake_breaks_a_claim(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _breaks(mutant.claim) == "", "the claim does not hold without the mistake"
    monkeypatch.setattr(mutant.place, mutant.attribute, mutant.make(getattr(mutant.place, mutant.attribute)))
    assert _breaks(mutant.claim) != ""
