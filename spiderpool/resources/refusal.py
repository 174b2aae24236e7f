"""Why a declared object is not accepted: the field, the value, and a sentence that says what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass

from spiderpool.resources.addresses import Family
from spiderpool.resources.ranges import parse_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing that is wrong with an object.

    Attributes:
        field: where, such as ``spec.ips[2]``.
        value: the text that stands there.
        reason: what is wrong with it, and after a semicolon what to do.
    """

    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        """One line for people; a reason that quotes the value speaks for itself."""
        quoted = "" if repr(self.value) in self.reason else f"{self.value!r}: "
        return f"{self.field}: {quoted}{self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRead:
    """One member of a list of ranges, read: its ``field`` and ``text``, and its first and last address."""

    field: str
    text: str
    span: tuple[int, int]


def read_ranges(field: str, texts: Iterable[str], family: Family) -> tuple[list[RangeRead], list[Refusal]]:
    """The members of a list that are ranges of a family, and a refusal for every other one."""
    read: list[RangeRead] = []
    refused: list[Refusal] = []
    for index, text in enumerate(texts):
        at = f"{field}[{index}]"
        try:
            first, last = parse_range(text)
        except ValueError as error:
            refused.append(Refusal(field=at, value=text, reason=str(error)))
            continue
        if first.family == family:
            read.append(RangeRead(field=at, text=text, span=(first.value, last.value)))
        else:
            reason = f"IPv{first.family} among IPv{family} addresses; move it to an object of its own"
            refused.append(Refusal(field=at, value=text, reason=reason))
    return read, refused
