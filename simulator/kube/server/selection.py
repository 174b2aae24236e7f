"""Which objects a list or a watch wants: the predicates that label and field selectors were compiled to.

A selection also names a *pin*: one equality (``spec.nodeName=n1``, a label, ``metadata.name=x``) that every match
must fulfil. The store keeps an index for each pin that somebody asked for, so that a thousand kubelets that watch
their own pods cost each event one look-up and not a thousand comparisons.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]
Extract = Callable[[Json], str]
Predicate = Callable[[Json], bool]

_PATH_DOTS = re.compile(r"\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One equality that all matches share. ``kind`` is ``label`` or ``field``; ``extract`` reads a field, where it is
    not simply the value at the path ``key``.
    """

    kind: str
    key: str
    value: str
    extract: Extract | None = field(default=None, compare=False)


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


def field_extractor(path: str, absent: str = "") -> Extract:
    """Reads ``spec.nodeName`` and the like; what is not there reads as ``absent``, the text of the type's zero."""
    steps = _PATH_DOTS.split(path)

    def extract(item: Json) -> str:
        value: Any = item
        for step in steps:
            if type(value) is not dict:
                return absent
            value = value.get(step)
        if value is None:
            return absent
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
