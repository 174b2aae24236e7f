"""Each claim named here can fail: an API server with one known mistake breaks it.

The mistakes are those that in-process API servers are known for (no optimistic concurrency, no isolation of status, no
history, ...). A mutant is the simulated server with one function replaced.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.conformance import recording
from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import SimulatedFace
from e2e.conformance.known import KNOWN
from e2e.conformance.recording import Transcript
from simulator.kube.controllers.garbage import GarbageCollector
from simulator.kube.server import deletion, metadata, watch, writes
from simulator.kube.server.admission import admission
from simulator.kube.server.custom import rules
from simulator.kube.server.patching import patches
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


MUTANTS = [
    Mutant(
        name="a write that changes nothing makes a version",
        place=writes,
        attribute="same",
        make=_instead(lambda *_: False),
        claim="objects.a_write_that_changes_nothing_makes_no_version",
    ),
    Mutant(
        name="the last writer wins",
        place=metadata,
        attribute="check_identity",
        make=_without_revision,
        claim="objects.of_two_updates_of_one_version_the_second_is_a_conflict",
    ),
    Mutant(
        name="a status write changes everything",
        place=writes.Writes,
        attribute="_settle",
        make=_instead(lambda *_, **__: None),
        claim="objects.specification_and_status_are_written_apart",
    ),
    Mutant(
        name="a delete takes whoever has the name",
        place=deletion.Deletion,
        attribute="check_preconditions",
        make=_instead(lambda *_: None),
        claim="deletion.a_delete_spares_another_incarnation_or_version",
    ),
    Mutant(
        name="finalizers hold nothing",
        place=deletion,
        attribute="_finalizers",
        make=_instead(lambda *_: []),
        claim="deletion.an_object_with_a_finalizer_stays_until_it_is_taken_off",
    ),
    Mutant(
        name="pods have no grace",
        place=deletion.Deletion,
        attribute="_grace",
        make=_instead(lambda *_: 0),
        claim="deletion.a_bound_pod_has_its_grace_period_and_goes_at_the_second_delete",
    ),
    Mutant(
        name="every write is a generation",
        place=writes,
        attribute="spec_changed",
        make=_instead(lambda *_: True),
        claim="objects.generation_counts_changes_of_the_specification_only",
    ),
    Mutant(
        name="what ceases to match is modified",
        place=watch.Watch,
        attribute="_seen",
        make=_always_modified,
        claim="reading.what_begins_or_ceases_to_match_comes_and_goes",
    ),
    Mutant(
        name="a page is of now",
        place=Table,
        attribute="snapshot",
        make=_instead(lambda self, _revision: dict(self.objects)),
        claim="reading.pages_are_of_one_snapshot",
    ),
    Mutant(
        name="a watch begins now",
        place=Table,
        attribute="since",
        make=_instead(lambda *_: iter(())),
        claim="reading.a_watch_tells_every_change_after_a_version_in_order",
    ),
    Mutant(
        name="rules are asked of nobody",
        place=rules.RuleNode,
        attribute="_ask",
        make=_instead(lambda *_, **__: None),
        claim="custom_resources.rules_are_enforced_with_their_messages",
    ),
    Mutant(
        name="lists are replaced by strategic patches",
        place=patches,
        attribute="strategically_merged",
        make=_instead(lambda target, patch, *_: patches.merged(target, patch)),
        claim="objects.a_strategic_patch_merges_lists_of_built_in_kinds_by_key",
    ),
    Mutant(
        name="webhooks are not asked",
        place=admission.Admission,
        attribute="concerns",
        make=_instead(lambda *_: False),
        claim="admission.a_mutating_webhook_changes_what_is_stored",
    ),
    Mutant(
        name="nobody collects",
        place=GarbageCollector,
        attribute="_forget",
        make=_instead(lambda *_: None),
        claim="collectors.what_an_owner_leaves_behind_is_collected_by_its_uid",
    ),
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
