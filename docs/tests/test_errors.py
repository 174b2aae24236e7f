"""docs/errors.md explains every CNI error code that the plugin can answer with."""

from docs.tests.documents import code, table
from spiderpool.agent.answers import CNI_CODES
from spiderpool.cni.errors import Code

NAME = "docs/errors.md"


def test_every_code_is_explained_and_no_other() -> None:
    rows = [(int(row["Code"]), code(row["Name"])) for row in table(NAME, "Code", "Name")]
    assert rows == [(int(each), each.name) for each in Code]


def test_every_code_has_a_meaning_and_a_remedy() -> None:
    assert [row for row in table(NAME, "Code", "Name") if not row["What it says"] or not row["What to do"]] == []


def test_every_refusal_of_the_agent_has_the_code_that_the_table_gives_it() -> None:
    rows = {code(row["Refusal"]): int(row["CNI code"]) for row in table(NAME, "Refusal", "CNI code")}
    assert rows == {refusal.value: int(cni) for refusal, cni in CNI_CODES.items()}
