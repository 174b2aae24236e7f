"""Label selectors: what they select, and what is said about those that cannot be read."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

SELECTORS = {
    "equal": ("x=1", ["a"]),
    "double-equal": ("x==1", ["a"]),
    "unequal": ("x!=1", ["b", "c"]),
    "one-of": ("x in (1,2)", ["a", "b"]),
    "none-of": ("x notin (1)", ["b", "c"]),
    "present": ("x", ["a", "b"]),
    "absent": ("!x", ["c"]),
    "greater": ("x>1", ["b"]),
    "less": ("x<2", ["a"]),
    "several": ("x,y=1", ["b"]),
    "contradiction": ("x,!x", []),
    "empty-value": ("x=", []),
    "empty-value-before-another": ("x=,y", []),
    "empty-set": ("x in ()", []),
    "empty-member": ("x in (1,)", ["a"]),
    "empty-first-member": ("x in (,1)", ["a"]),
    "no-space-before-the-set": ("x notin(1),x", ["b"]),
    "spaces-everywhere": (" x = 1 , x != 2 ", ["a"]),
    "keyword-as-key": ("in in (in)", []),
    "keyword-as-value": ("x=in", []),
    "blank": (" ", ["a", "b", "c"]),
    "qualified": ("example.test/z=1", ["c"]),
}
UNREADABLE = {
    "parenthesis-as-value": "a=(b",
    "open-set": "x in (1",
    "set-without-parentheses": "x in 1",
    "set-with-spaces": "x in (a b)",
    "no-key": "=a",
    "two-keys": "a b",
    "two-values": "a=b c",
    "two-operators": "a=b=c",
    "trailing-comma": "x=1,",
    "double-comma": "x=1,,a",
    "comma-alone": ",",
    "not-alone": "!",
    "not-equal-one": "!x=1",
    "not-after": "x!",
    "key-in-parentheses": "(x)",
    "greater-than-a-word": "x>a",
    "key-with-a-dash": "-x",
    "key-with-a-sign": "a&b",
    "key-with-two-slashes": "x/y/z=1",
    "key-without-prefix": "/y=1",
    "key-without-name": "y/=1",
    "key-with-a-bad-prefix": "X_/y=1",
    "key-too-long": "k" * 64,
    "value-with-a-dash": "a=-b",
    "value-too-long": "x=" + "a" * 64,
    "value-with-an-accent": "x=é",
    "second-of-a-set": "x in (1,-2)",
}


@pytest.mark.parametrize("case", SELECTORS)
def test_a_label_selector_selects(space: Workspace, case: str) -> None:
    selector, wanted = SELECTORS[case]
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2", "y": "1"}), ("c", {"example.test/z": "1"})):
        space.bare.send("POST", space.path("configmaps"), configmap(name, {"k": "v"}, labels=labels))
    found = space.face.send("GET", space.path("configmaps"), query={"labelSelector": selector}).body["items"]
    assert [item["metadata"]["name"] for item in found] == wanted


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_label_selector_that_cannot_be_read_is_refused(space: Workspace, case: str) -> None:
    query = {"labelSelector": UNREADABLE[case]}
    assert space.face.send("GET", "/api/v1/configmaps", query=query).refusal == (400, "BadRequest")


def test_a_watch_refuses_a_label_selector_in_the_same_words(space: Workspace) -> None:
    event = space.face.watch(space.path("configmaps"), 1, query={"labelSelector": "a=(b"})[0]
    assert (event["type"], event["object"]["code"]) == ("ERROR", 400)
