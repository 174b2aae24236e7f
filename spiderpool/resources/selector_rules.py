"""Whether a label selector can match anything at all: keys, operators and values in the forms that the API allows."""

import re
from collections.abc import Iterator
from typing import Final

from spiderpool.resources.meta import LabelSelector, LabelSelectorRequirement
from spiderpool.resources.refusal import Refusal

_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_FORM: Final = "write at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
_WITH_VALUES: Final = ("In", "NotIn")
_WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")


def selector_refusals(field: str, selector: LabelSelector) -> Iterator[Refusal]:
    """Every part of a selector that the API would not accept in a query."""
    for key, value in sorted(selector.match_labels.items()):
        yield from _key(f"{field}.matchLabels", key)
        yield from _value(f"{field}.matchLabels[{key}]", value)
    for index, requirement in enumerate(selector.match_expressions):
        yield from _requirement(f"{field}.matchExpressions[{index}]", requirement)


def _requirement(field: str, requirement: LabelSelectorRequirement) -> Iterator[Refusal]:
    yield from _key(f"{field}.key", requirement.key)
    if requirement.operator in _WITH_VALUES:
        if not requirement.values:
            reason = f"operator {requirement.operator} compares with nothing; name at least one value"
            yield Refusal(field=f"{field}.values", value="", reason=reason)
        for value in requirement.values:
            yield from _value(f"{field}.values", value)
    elif requirement.operator in _WITHOUT_VALUES:
        if requirement.values:
            reason = f"operator {requirement.operator} takes no values; leave them out, or use In or NotIn"
            yield Refusal(field=f"{field}.values", value=", ".join(requirement.values), reason=reason)
    else:
        reason = "no such operator; write In, NotIn, Exists or DoesNotExist"
        yield Refusal(field=f"{field}.operator", value=requirement.operator, reason=reason)


def _key(field: str, key: str) -> Iterator[Refusal]:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix)):
        yield Refusal(field=field, value=key, reason=f"{prefix!r} is not a DNS name; write it like example.com/{name}")
    elif not _NAME.fullmatch(name):
        yield Refusal(field=field, value=key, reason=f"{name!r} is not the name of a label; {_NAME_FORM}")


def _value(field: str, value: str) -> Iterator[Refusal]:
    if value and not _NAME.fullmatch(value):
        yield Refusal(field=field, value=value, reason=f"not the value of a label; {_NAME_FORM}")
