"""Label selectors as the API defines them: all parts must hold, an absent key satisfies the negative operators."""

import pytest

from spiderpool.resources.meta import LabelSelector, LabelSelectorRequirement

LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("In", "app", ("web", "db"), True),
        ("In", "app", ("db",), False),
        ("In", "zone", ("a",), False),
        ("NotIn", "app", ("db",), True),
        ("NotIn", "app", ("web",), False),
        ("NotIn", "zone", ("a",), True),
        ("Exists", "app", (), True),
        ("Exists", "zone", (), False),
        ("DoesNotExist", "zone", (), True),
        ("DoesNotExist", "app", (), False),
    ],
)
def test_each_operator_does_what_the_api_says(operator: str, key: str, values: tuple[str, ...], holds: bool) -> None:
    requirement = LabelSelectorRequirement(key=key, operator=operator, values=values)
    assert LabelSelector(match_expressions=(requirement,)).matches(LABELS) == holds


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [({}, True), ({"app": "web"}, True), ({"app": "web", "tier": "front"}, True), ({"app": "db"}, False)],
)
def test_every_label_must_be_there_with_its_value(wanted: dict[str, str], holds: bool) -> None:
    assert LabelSelector(match_labels=wanted).matches(LABELS) == holds


def test_labels_and_expressions_must_hold_together() -> None:
    absent = LabelSelectorRequirement(key="tier", operator="DoesNotExist")
    assert not LabelSelector(match_labels={"app": "web"}, match_expressions=(absent,)).matches(LABELS)


def test_an_operator_that_the_api_does_not_know_is_an_error() -> None:
    unknown = LabelSelectorRequirement(key="app", operator="Like", values=("w",))
    with pytest.raises(ValueError, match="'Like' is not In, NotIn, Exists or DoesNotExist"):
        LabelSelector(match_expressions=(unknown,)).matches(LABELS)
