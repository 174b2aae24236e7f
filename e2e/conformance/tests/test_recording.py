"""The comparison can fail, and forgives only what may differ."""

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.conformance import recording
from e2e.conformance.__main__ import summary, table
from e2e.conformance.masking import Masks

ONE, TWO = "0d9b1b6e-6f3c-4f0e-8a53-0b9a3c1d2e4f", "1d9b1b6e-6f3c-4f0e-8a53-0b9a3c1d2e4f"


def _exchange(**answer: Any) -> dict[str, Any]:
    return {"request": "GET /a", "asks": "get a", "status": 200, "answer": answer}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    recording.keep("claim", [_exchange(spec={"on": True, "names": ["a"]}, message="no")])
    return "claim"


def test_the_same_answers_do_not_differ(kept: str) -> None:
    assert recording.differences(kept, [_exchange(spec={"on": True, "names": ["a"]}, message="no")]) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"spec": {"on": 1, "names": ["a"]}, "message": "no"},
        {"spec": {"on": True, "names": ["a", "b"]}, "message": "no"},
        {"spec": {"on": True, "names": ["a"], "more": None}, "message": "no"},
        {"spec": {"on": True, "names": ["a"]}},
        {"spec": {"on": True, "names": ["a"]}, "message": "nope"},
    ],
)
def test_every_other_answer_differs(kept: str, answer: dict[str, Any]) -> None:
    assert len(recording.differences(kept, [_exchange(**answer)])) == 1


def test_another_request_or_number_of_requests_differs(kept: str) -> None:
    same = _exchange(spec={"on": True, "names": ["a"]}, message="no")
    assert recording.differences(kept, [{**same, "request": "GET /b"}])
    assert recording.differences(kept, [same, same])
    assert recording.differences(kept, [])
    assert recording.differences("none", [same])


def test_masks_keep_which_values_are_the_same() -> None:
    def masked(first: str, second: str) -> Any:
        return Masks().value(
            {"uid": first, "owner": {"uid": second}, "message": f"uid {second} at 2026-11-23T10:00:00Z"}
        )

    assert masked(ONE, TWO) == masked(TWO, ONE)
    assert masked(ONE, ONE) != masked(ONE, TWO)
    assert masked(ONE, TWO)["message"] == "uid uid-2 at a time"


def test_masks_keep_the_order_in_which_revisions_appear_and_generated_names() -> None:
    def masked(first: str, second: str, suffix: str) -> Any:
        made = {"generateName": "web-", "name": f"web-{suffix}", "resourceVersion": first}
        return Masks().value([{"metadata": made}, {"metadata": {"resourceVersion": second}}, f"web-{suffix} is new"])

    assert masked("7", "9", "abcde") == masked("1007", "1009", "fghij")
    assert masked("7", "7", "abcde") != masked("7", "9", "abcde")


def test_the_summary_counts_claims_arms_differences_and_known_ones() -> None:
    results = {
        "a.one": {"direct": "passed", "real": "passed"},
        "a.two": {"direct": "known"},
        "a.three": {"direct": "failed"},
    }
    assert summary(results) == "claims=3 arms=direct,real differences=1 known=1"
    assert json.dumps(table(results, dict.fromkeys(results, "C.1"))).count("FAILS") == 1


def _told(kind: str, revision: str) -> dict[str, Any]:
    return {"type": kind, "object": {"kind": "Widget", "metadata": {"resourceVersion": revision}}}


def test_a_bookmark_may_come_at_another_revision_and_an_object_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    watch = {"request": "WATCH /a", "asks": "watch a"}
    recording.keep("claim", [{**watch, "events": [_told("ADDED", "revision-1"), _told("BOOKMARK", "revision-1")]}])
    later = [{**watch, "events": [_told("ADDED", "revision-1"), _told("BOOKMARK", "revision-2")]}]
    assert recording.differences("claim", later) == []
    other = [{**watch, "events": [_told("ADDED", "revision-2"), _told("BOOKMARK", "revision-1")]}]
    assert len(recording.differences("claim", other)) == 1
