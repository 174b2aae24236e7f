"""Every cell of the reclaim table, and the reads that fill in an observation."""

from itertools import product

import pytest

from spiderpool.ipam.reclaim import (
    Identity,
    Keep,
    NodeState,
    NodeWord,
    Observation,
    Park,
    PodState,
    Release,
    Suspect,
    Verdict,
    fenced,
    judge,
    judge_cooling,
    judge_parked,
    pod_state,
)
from spiderpool.ports.clock import rfc3339
from spiderpool.resources.core import Node, NodeSpec, Pod, PodStatus, Taint
from spiderpool.resources.meta import ObjectMeta

# One row for each pod state: lives | gone | silent on a ready, not ready, fenced node.
EXPECTED = """
GONE         keep  free  suspect  switch   free
OTHER_UID    keep  free  suspect  switch   free
PENDING      keep  keep  keep     keep     suspect
RUNNING      keep  keep  keep     keep     suspect
TERMINATING  keep  keep  keep     suspect  suspect
OVERDUE      keep  free  suspect  switch   suspect
FINISHED     keep  free  suspect  suspect  free
"""
ROWS = {line.split()[0]: line.split()[1:] for line in EXPECTED.strip().splitlines()}
CELLS = list(product(PodState, NodeWord, NodeState, Identity, (False, True)))


def expected(pod: PodState, word: NodeWord, node: NodeState, identity: Identity, *, unsafe: bool) -> type[Verdict]:
    column = {NodeWord.LIVES: 0, NodeWord.GONE: 1}.get(word, 2 + list(NodeState).index(node))
    cell = ROWS[pod.name][column]
    if cell == "switch":
        cell = "free" if unsafe and identity is Identity.NONE else "suspect"
    freed = Park if identity is Identity.WANTED else Release
    return {"keep": Keep, "suspect": Suspect, "free": freed}[cell]


@pytest.mark.parametrize(
    ("pod", "word", "node", "identity", "unsafe"),
    CELLS,
    ids=["-".join([*(part.name for part in cell[:4]), "unsafe" if cell[4] else "safe"]) for cell in CELLS],
)
def test_each_cell_of_the_table(
    pod: PodState, word: NodeWord, node: NodeState, identity: Identity, unsafe: bool
) -> None:
    verdict = judge(
        Observation(pod=pod, word=word, node=node, identity=identity, unsafe_switch=unsafe, since_seconds=12.0)
    )
    assert type(verdict) is expected(pod, word, node, identity, unsafe=unsafe)
    assert pod.value in verdict.sentence
    if isinstance(verdict, Suspect):
        assert verdict.since_seconds == 12.0


def verdicts() -> list[tuple[Observation, Verdict]]:
    seen = [
        Observation(pod=pod, word=word, node=node, identity=identity, unsafe_switch=unsafe)
        for pod, word, node, identity, unsafe in CELLS
    ]
    return [(observation, judge(observation)) for observation in seen]


def test_no_address_is_freed_while_its_namespace_lives() -> None:
    for observation, verdict in verdicts():
        if observation.word is NodeWord.LIVES:
            assert isinstance(verdict, Keep)


def test_without_the_unsafe_switch_a_silent_node_frees_nothing_unless_it_is_fenced() -> None:
    """Ledger rule R6: an object that is gone is a reason to ask, never evidence."""
    freed = [
        observation
        for observation, verdict in verdicts()
        if isinstance(verdict, Release | Park) and observation.word is NodeWord.SILENT and not observation.unsafe_switch
    ]
    assert freed
    assert {observation.node for observation in freed} == {NodeState.FENCED}


def test_the_unsafe_switch_never_touches_an_identity() -> None:
    for observation, verdict in verdicts():
        if observation.identity is not Identity.NONE and observation.node is NodeState.DOUBTFUL:
            assert observation.word is not NodeWord.SILENT or isinstance(verdict, Keep | Suspect)


def test_a_pod_that_lives_keeps_its_address_for_its_next_container() -> None:
    verdict = judge(Observation(pod=PodState.RUNNING, word=NodeWord.GONE, node=NodeState.PRESENT))
    assert verdict == Keep(
        sentence="kept: its pod is running; its node says that the network namespace is gone",
    )


def test_a_forced_release_says_so() -> None:
    verdict = judge(
        Observation(pod=PodState.OVERDUE, word=NodeWord.SILENT, node=NodeState.DOUBTFUL, unsafe_switch=True)
    )
    assert verdict == Release(
        reason="PodOverdueUnsafe",
        sentence="released: its pod is terminating past its grace period; its node does not answer, the node looks "
        "gone, but may still be on and carry the address; no identity wants it; the administrator's unsafe policy "
        "frees it",
    )


@pytest.mark.parametrize(
    ("identity", "is_newer_claimed", "kind"),
    [
        (Identity.WANTED, False, Keep),
        (Identity.UNWANTED, False, Release),
        (Identity.NONE, False, Release),
        (Identity.WANTED, True, Release),
        (Identity.UNWANTED, True, Release),
        (Identity.NONE, True, Release),
    ],
)
def test_a_parked_address_stays_only_for_a_wanted_identity_without_a_newer_claim(
    identity: Identity, is_newer_claimed: bool, kind: type[Verdict]
) -> None:
    """Ledger rule R12: of two claims of one identity the newest incarnation's stays."""
    assert type(judge_parked(identity, is_newer_claimed=is_newer_claimed)) is kind


def test_a_cooling_address_is_freed_at_the_end_of_its_cooldown() -> None:
    assert judge_cooling(rfc3339(1000), 60, 1059.0) == Keep(sentence="kept: cooling for another 1 s")
    assert judge_cooling(rfc3339(1000), 60, 1060.0) == Release(
        reason="CooldownOver", sentence="released: its cooldown is over"
    )
    assert isinstance(judge_cooling("yesterday", 60, 1000.0), Release)


def pod(phase: str = "Running", *, deleted_at: float | None = None, annotations: dict[str, str] | None = None) -> Pod:
    metadata = ObjectMeta(
        name="web",
        uid="u1",
        annotations=annotations or {},
        deletion_timestamp=None if deleted_at is None else rfc3339(deleted_at),
    )
    return Pod(metadata=metadata, status=PodStatus(phase=phase))


@pytest.mark.parametrize(
    ("seen", "uid", "state"),
    [
        (None, "u1", PodState.GONE),
        (pod(), "u0", PodState.OTHER_UID),
        (pod("Pending"), "u1", PodState.PENDING),
        (pod(""), "u1", PodState.PENDING),
        (pod(), "u1", PodState.RUNNING),
        (pod(deleted_at=100), "u1", PodState.TERMINATING),
        (pod(deleted_at=99), "u1", PodState.OVERDUE),
        (pod("Failed", deleted_at=100), "u1", PodState.FINISHED),
        (pod("Succeeded"), "u1", PodState.FINISHED),
        (pod(annotations={"kubernetes.io/config.hash": "hash"}), "hash", PodState.RUNNING),
        (pod(annotations={"kubernetes.io/config.hash": "hash"}), "old", PodState.OTHER_UID),
    ],
)
def test_what_a_pod_object_says(seen: Pod | None, uid: str, state: PodState) -> None:
    assert pod_state(seen, uid=uid, now=100.0) is state


def test_a_node_is_fenced_by_absence_for_a_whole_lease_or_by_the_taint_alone() -> None:
    plain = Node(metadata=ObjectMeta(name="n1"))
    tainted = Node(
        metadata=ObjectMeta(name="n1"), spec=NodeSpec(taints=(Taint(key="node.kubernetes.io/out-of-service"),))
    )
    unready = Node(metadata=ObjectMeta(name="n1"), spec=NodeSpec(taints=(Taint(key="node.kubernetes.io/not-ready"),)))
    assert not fenced(None, absent_for_seconds=39.9, lease_seconds=40)
    assert fenced(None, absent_for_seconds=40, lease_seconds=40)
    assert not fenced(plain, absent_for_seconds=99, lease_seconds=40)
    assert not fenced(unready, absent_for_seconds=99, lease_seconds=40)
    assert fenced(tainted, absent_for_seconds=0, lease_seconds=40)
