"""Quantities and semantic versions in the rule language: two kinds of values that are compared by what they stand for."""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from simulator.kube.server.custom.cel_declaring import NUMBER, OBJECT, TEXT, TRUTH, WHOLE, Overload
from simulator.kube.server.kinds.quantities import amount

Value = Mapping[str, str]

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")
_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_LARGEST = (1 << 63) - 1
_PART = r"(?:0|[1-9]\d*)"
_SEMVER = re.compile(
    rf"({_PART})\.({_PART})\.({_PART})"
    rf"(?:-((?:{_PART}|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:{_PART}|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)


def _number(text: str) -> Fraction:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(_WORDS)
    if found[2]:
        return Fraction(found[1]) * Fraction(10) ** int(found[2])
    return amount(text.removeprefix("+"))


def _quantity(text: str) -> dict[str, str]:
    return {"quantity": str(_number(text))}


def _is_quantity(text: str) -> bool:
    return _parses(_number, text)


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _whole(value: Value) -> int:
    if not _is_whole(value):
        raise ValueError("cannot convert value to integer")
    return int(Fraction(value["quantity"]))


def _is_whole(value: Value) -> bool:
    number = Fraction(value["quantity"])
    return number.denominator == 1 and abs(number) <= _LARGEST


def _moved(value: Value, other: Value | int, sign: int) -> dict[str, str]:
    by = Fraction(other) if isinstance(other, int) else Fraction(other["quantity"])
    return {"quantity": str(Fraction(value["quantity"]) + sign * by)}


def _version(text: str, *, lenient: bool = False) -> dict[str, str]:
    found = _SEMVER.fullmatch(_normalized(text) if lenient else text)
    if found is None:
        raise ValueError(_version_fault(text))
    major, minor, patch, before, _ = found.groups()
    return {"semver": f"{major}.{minor}.{patch}" + (f"-{before}" if before else "")}


def _normalized(text: str) -> str:
    """A version as people write them: with a ``v``, with zeros before its numbers, with fewer numbers than three."""
    core, mark, rest = re.fullmatch(r"\s*v?([^-+]*)([-+]?)(.*?)\s*", text).groups()  # type: ignore[union-attr]
    numbers = [part.lstrip("0") or "0" if part else part for part in core.split(".")]
    if len(numbers) < 3 and not mark:
        numbers += ["0"] * (3 - len(numbers))
    return ".".join(numbers) + mark + rest


def _version_fault(text: str) -> str:
    if not text:
        return "Version string empty"
    parts = text.split(".", 2)
    if len(parts) < 3:
        return "No Major.Minor.Patch elements found"
    for name, part in zip(("major", "minor"), parts, strict=False):
        if not part.isdigit():
            return f'Invalid character(s) found in {name} number "{part}"'
        if part.startswith("0") and len(part) > 1:
            return f'{name.capitalize()} number must not contain leading zeroes "{part}"'
    return f'Invalid character(s) found in patch number "{re.split("[-+]", parts[2])[0]}"'


def _version_key(value: Value) -> tuple[Any, ...]:
    core, _, before = value["semver"].partition("-")
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split(".") if part]
    return (*map(int, core.split(".")), 0 if before else 1, parts)


def _key(value: Value) -> Any:
    return Fraction(value["quantity"]) if "quantity" in value else _version_key(value)


def _compared(one: Value, other: Value) -> int:
    left, right = _key(one), _key(other)
    return int(left > right) - int(left < right)


def _part(place: int) -> Callable[[Value], int]:
    return lambda value: int(value["semver"].partition("-")[0].split(".")[place])


MEASURES: Sequence[Overload] = (
    ("isQuantity", TRUTH, [TEXT], _is_quantity),
    ("quantity", OBJECT, [TEXT], _quantity),
    (".isInteger", TRUTH, [OBJECT], _is_whole),
    (".asInteger", WHOLE, [OBJECT], _whole),
    (".asApproximateFloat", NUMBER, [OBJECT], lambda value: float(Fraction(value["quantity"]))),
    *((".add", OBJECT, [OBJECT, kind], lambda value, other: _moved(value, other, 1)) for kind in (OBJECT, WHOLE)),
    *((".sub", OBJECT, [OBJECT, kind], lambda value, other: _moved(value, other, -1)) for kind in (OBJECT, WHOLE)),
    ("isSemver", TRUTH, [TEXT], lambda text: _parses(_version, text)),
    ("isSemver", TRUTH, [TEXT, TRUTH], lambda text, lenient: _parses(lambda it: _version(it, lenient=lenient), text)),
    ("semver", OBJECT, [TEXT], _version),
    ("semver", OBJECT, [TEXT, TRUTH], lambda text, lenient: _version(text, lenient=lenient)),
    *((f".{name}", WHOLE, [OBJECT], _part(place)) for place, name in enumerate(("major", "minor", "patch"))),
    (".isLessThan", TRUTH, [OBJECT, OBJECT], lambda one, other: _compared(one, other) < 0),
    (".isGreaterThan", TRUTH, [OBJECT, OBJECT], lambda one, other: _compared(one, other) > 0),
    (".compareTo", WHOLE, [OBJECT, OBJECT], _compared),
)
