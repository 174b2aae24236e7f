"""Amounts of resources as the API writes them: ``100m``, ``1Gi``, ``2e3``."""

from fractions import Fraction
from functools import lru_cache

from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.refusals import Cause

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}


@lru_cache(maxsize=1024)
def amount(quantity: str | float) -> Fraction:
    """The number that a quantity stands for.

    Raises:
        ValueError: it is no quantity.
    """
    text = str(quantity)
    number = text.rstrip("numkKMGTPEi") if not text.endswith(("e", "E")) or len(text) == 1 else text[:-1]
    suffix = text[len(number) :]
    if suffix not in _SUFFIXES:
        raise ValueError(f"{quantity!r} is no quantity")
    return Fraction(number) * _SUFFIXES[suffix]


def share(value: str | int) -> int:
    """How many, or how many of a hundred: ``3``, ``"25%"``."""
    if isinstance(value, int):
        return value
    return int(value[:-1]) if value.endswith("%") and value[:-1].isdigit() else 0


_PERCENT_WORDS = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for"
    " validation is '[0-9]+%')"
)


def percent_cause(field: str, value: str | int) -> list[Cause]:
    """What is wrong with a number that may be a percentage."""
    if isinstance(value, str):
        return [] if value.endswith("%") and value[:-1].isdigit() else [invalid_value(field, value, _PERCENT_WORDS)]
    return [invalid_value(field, value, "must be greater than or equal to 0")] if value < 0 else []
