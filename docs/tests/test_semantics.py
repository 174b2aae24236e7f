"""The page about semantics names modules, claims, tests and faults that are there, and proves every row."""

import re

import pytest

from docs.tests.documents import ROOT, codes, table, text
from simulator.faults.catalogue import FAULTS

PAGE = "docs/simulator/semantics.md"
COLUMNS = ("What is promised", "For", "Decided in", "Proven by", "Remarks")
CLAIM = re.compile(r"([a-z_]+)\.([a-z0-9_]+)")
ROWS = table(PAGE, *COLUMNS)


def is_there(proof: str) -> bool:
    """Whether a fault, a test of a file or a claim exists."""
    if proof.startswith("fault:"):
        return proof.removeprefix("fault:") in {fault.name for fault in FAULTS}
    path, _, test = proof.partition("::")
    if test:
        return any(has_test(place, test) for place in (f"simulator/{path}", path))
    claim = CLAIM.fullmatch(proof)
    return claim is not None and has_test(f"e2e/conformance/test_{claim[1]}.py", f"test_{claim[2]}")


def has_test(path: str, name: str) -> bool:
    return (ROOT / path).is_file() and f"def {name}(" in text(path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["What is promised"])
def test_every_row_says_where_it_is_decided_and_what_proves_it(row: dict[str, str]) -> None:
    modules, proofs = codes(row["Decided in"]), codes(row["Proven by"])
    assert modules
    assert [name for name in modules if not (ROOT / "simulator" / name).is_file()] == []
    assert proofs
    assert [proof for proof in proofs if not is_there(proof)] == []
    told = [each for each in codes(row["Remarks"]) if CLAIM.fullmatch(each)]
    assert [claim for claim in told if not is_there(claim)] == []
    assert set(row["For"].split()) <= set("CLKF") != set()


def test_every_fault_of_the_way_to_the_api_server_stands_on_the_page() -> None:
    named = {proof.removeprefix("fault:") for row in ROWS for proof in codes(row["Proven by"])}
    asked = ("api", "store", "replica", "cluster")
    assert [fault.name for fault in FAULTS if fault.where in asked and fault.name not in named] == []


def test_a_proof_that_is_not_there_is_seen() -> None:
    missing = ("objects.no_such_claim", "fault:no-such-fault", "kube/tests/test_view.py::test_none", "nothing")
    assert [proof for proof in missing if is_there(proof)] == []
