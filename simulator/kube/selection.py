"""Which objects a list or a watch wants: label and field selectors, compiled once per request into one predicate.

A selection also names a *pin*: one equality (``spec.nodeName=n1``, a label, ``metadata.name=x``) that every match
must fulfil. The store keeps an index for each pin that somebody asked for, so that a thousand kubelets that watch
their own pods cost each event one look-up and not a thousand comparisons.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from simulator.kube.refusals import bad_request

Json = dict[str, Any]
Extract = Callable[[Json], str]
Predicate = Callable[[Json], bool]

_SET = re.compile(r"^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$")
_EQUALITY = re.compile(r"^([^\s!=,()]+)\s*(==|!=|=)\s*([^\s!=,()]*)$")
_KEY = re.compile(r"^(!?)\s*([^\s!=,()]+)$")
_PATH_DOTS = re.compile(r"\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One equality that all matches share. ``kind`` is ``label`` or ``field``."""

    kind: str
    key: str
    value: str


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: a namespace (empty: all), predicates that must all hold, and the pin if there is one."""

    namespace: str = ""
    predicates: tuple[Predicate, ...] = ()
    pin: Pin | None = None

    @property
    def selects(self) -> bool:
        """Whether a label or field selector was given."""
        return bool(self.predicates)

    def matches(self, item: Json) -> bool:
        """Whether ``item`` is wanted."""
        if self.namespace and item["metadata"].get("namespace") != self.namespace:
            return False
        for predicate in self.predicates:  # noqa: SIM110  a plain loop: this is the hottest line of a fan-out
            if not predicate(item):
                return False
        return True


def field_extractor(path: str) -> Extract:
    """Reads ``spec.nodeName`` and the like; what is absent reads as the empty string, as in the API."""
    steps = _PATH_DOTS.split(path)

    def extract(item: Json) -> str:
        value: Any = item
        for step in steps:
            if not isinstance(value, dict):
                return ""
            value = value.get(step)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    return extract


def label_of(item: Json, key: str) -> str | None:
    """The value of one label, ``None`` without it."""
    labels = item["metadata"].get("labels")
    value = labels.get(key) if labels else None
    return value if value is None else str(value)


def selector_matches(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object (matchLabels, matchExpressions) selects these labels; an empty one selects all."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or ():
        value, values = labels.get(expression["key"]), expression.get("values") or ()
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(expression["operator"], False):
            return False
    return True


def split_requirements(text: str) -> list[str]:
    """Split a label selector at the commas that stand outside parentheses."""
    parts: list[str] = []
    depth = 0
    start = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return parts


def _label_requirement(text: str) -> tuple[Predicate, Pin | None]:
    if match := _SET.match(text):
        key, operator, inside = match.groups()
        values = frozenset(value.strip() for value in inside.split(","))
        if operator == "in":
            return (lambda item: label_of(item, key) in values), None
        return (lambda item: label_of(item, key) not in values), None
    if match := _EQUALITY.match(text):
        key, operator, value = match.groups()
        if operator == "!=":
            return (lambda item: label_of(item, key) != value), None
        return (lambda item: label_of(item, key) == value), Pin(kind="label", key=key, value=value)
    if match := _KEY.match(text):
        absent, key = match.groups()
        if absent:
            return (lambda item: label_of(item, key) is None), None
        return (lambda item: label_of(item, key) is not None), None
    raise bad_request(f"unable to parse requirement {text!r} of the label selector")


def _field_requirement(text: str, fields: Mapping[str, Extract]) -> tuple[Predicate, Pin | None]:
    match = _EQUALITY.match(text)
    if match is None:
        raise bad_request(f"invalid field selector {text!r}: each term is key=value, key==value or key!=value")
    key, operator, value = match.groups()
    extract = fields.get(key)
    if extract is None:
        raise bad_request(f"field label not supported: {key}")
    if operator == "!=":
        return (lambda item: extract(item) != value), None
    return (lambda item: extract(item) == value), Pin(kind="field", key=key, value=value)


def compile_selection(namespace: str, labels: str, fields: str, known_fields: Mapping[str, Extract]) -> Selection:
    """The selection of one request.

    Args:
        namespace: empty for all namespaces.
        labels: a label selector, ``a=b,c!=d,e in (f,g),h,!i``.
        fields: a field selector, ``spec.nodeName=n1,status.phase!=Failed``.
        known_fields: the fields that this kind can be selected by.

    Raises:
        Refusal: 400, a selector cannot be parsed, or names a field that the kind does not offer.
    """
    found: list[tuple[Predicate, Pin | None]] = []
    if fields:
        found += [_field_requirement(term.strip(), known_fields) for term in fields.split(",") if term.strip()]
    if labels:
        found += [_label_requirement(term) for term in split_requirements(labels) if term]
    pins = [pin for _, pin in found if pin is not None]
    return Selection(
        namespace=namespace, predicates=tuple(predicate for predicate, _ in found), pin=pins[0] if pins else None
    )
