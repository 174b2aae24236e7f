"""Label selectors as text, ``a=b,c!=d,e in (f,g),h,!i,j>3``: read token by token as the real server reads them.

What can be read is read the same way (an empty value in a set, operators without spaces), and what cannot be read is
refused in the same words, since people see the sentence when they mistype a selector.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from simulator.kube.server.field_errors import NOWHERE, invalid_value
from simulator.kube.server.refusals import Cause, bad_request
from simulator.kube.server.selection import Json, Pin, Predicate, label_of

Requirement = tuple[Predicate, Pin | None]

_END = ""
_WORD = "word"
_SYMBOLS = ("!", "(", ")", ",", "=", "==", "!=", ">", "<")
_SPACES = " \t\r\n"
_LONGEST = 63
_LONGEST_PREFIX = 253
_NAME_RULE = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE_RULE = f"({_NAME_RULE})?"
_PREFIX_RULE = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = re.compile(_NAME_RULE)
_VALUE = re.compile(_VALUE_RULE)
_PREFIX = re.compile(_PREFIX_RULE)
_INTEGER = re.compile(r"[+-]?\d+")
_LETTERS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_NAME_EXAMPLES = f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME_RULE}')"
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    f" with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    f" '{_VALUE_RULE}')"
)
_PREFIX_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end"
    f" with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_PREFIX_RULE}')"
)


class _Unreadable(Exception):
    """The text is no selector; the message says why."""


@lru_cache(maxsize=1024)
def label_requirements(text: str) -> tuple[Requirement, ...]:
    """What a label selector requires.

    Raises:
        Refusal: 400, it cannot be read.
    """
    try:
        return tuple(_Reader(text).requirements())
    except _Unreadable as error:
        raise bad_request(str(error)) from error


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token; the kind of a symbol is the symbol."""
    at = 0
    while at < len(text):
        if text[at] in _SPACES:
            at += 1
            continue
        start = at
        if text[at] in "!(),=<>":
            at += 2 if text[at : at + 2] in _SYMBOLS else 1
            yield text[start:at], text[start:at]
            continue
        while at < len(text) and text[at] not in "!(),=<>" + _SPACES:
            at += 1
        yield _WORD, text[start:at]


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else _END

    def _shown(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        token = self._peek(), self._shown()
        self._at += 1
        return token

    def requirements(self) -> Iterator[Requirement]:
        if self._peek() == _END:
            return
        while True:
            if self._peek() not in (_WORD, "!"):
                raise _Unreadable(f"found '{self._shown()}', expected: !, identifier, or 'end of string'")
            try:
                yield self._requirement()
            except _Unreadable as error:
                raise _Unreadable(f"unable to parse requirement: {error}") from error
            kind, shown = self._next()
            if kind == _END:
                return
            if kind != ",":
                raise _Unreadable(f"found '{shown}', expected: ',' or 'end of string'")
            if self._peek() not in (_WORD, "!"):
                raise _Unreadable(f"found '{self._shown()}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        absent = kind == "!"
        if absent:
            kind, key = self._next()
        if kind != _WORD:
            raise _Unreadable(f"found '{key}', expected: identifier")
        _check(key_faults(key))
        if absent:
            return (lambda item: label_of(item, key) is None), None
        if self._peek() in (_END, ","):
            return (lambda item: label_of(item, key) is not None), None
        kind, operator = self._next()
        if operator not in ("in", "notin", "=", "==", "!=", ">", "<"):
            raise _Unreadable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._values() if kind == _WORD else [self._value()]
        _check(_value_faults(key, operator, values))
        return _OPERATORS[operator](key, values)

    def _value(self) -> str:
        if self._peek() in (_END, ","):
            return ""
        kind, shown = self._next()
        if kind != _WORD:
            raise _Unreadable(f"found '{shown}', expected: identifier")
        return shown

    def _values(self) -> list[str]:
        kind, shown = self._next()
        if kind != "(":
            raise _Unreadable(f"found '{shown}' expected: '('")
        if self._peek() == ")":
            self._next()
            return [""]
        found: list[str] = []
        after_comma = True
        while True:
            kind, shown = self._next()
            if kind == _WORD:
                found.append(shown)
                after_comma = False
                if self._peek() not in (",", ")"):
                    raise _Unreadable(f"found '{self._shown()}', expected: ',' or ')'")
            elif kind == "," or (kind == ")" and after_comma and found):
                if after_comma:
                    found.append("")
                after_comma = True
            else:
                raise _Unreadable(f"found '{shown}', expected: ',', ')' or identifier")
            if kind == ")" or (kind == _WORD and self._peek() == ")" and self._next()):
                return sorted(set(found))


def _among(key: str, values: Sequence[str]) -> Requirement:
    wanted = frozenset(values)
    pin = Pin(kind="label", key=key, value=values[0]) if len(values) == 1 else None
    return (lambda item: label_of(item, key) in wanted), pin


def _not_among(key: str, values: Sequence[str]) -> Requirement:
    unwanted = frozenset(values)
    return (lambda item: label_of(item, key) not in unwanted), None


def _compared(beyond: Callable[[int, int], bool]) -> Callable[[str, Sequence[str]], Requirement]:
    def requirement(key: str, values: Sequence[str]) -> Requirement:
        bound = int(values[0])

        def holds(item: Json) -> bool:
            value = label_of(item, key)
            return value is not None and _INTEGER.fullmatch(value) is not None and beyond(int(value), bound)

        return holds, None

    return requirement


_OPERATORS: Mapping[str, Callable[[str, Sequence[str]], Requirement]] = {
    "in": _among,
    "=": _among,
    "==": _among,
    "notin": _not_among,
    "!=": _not_among,
    ">": _compared(lambda value, bound: value > bound),
    "<": _compared(lambda value, bound: value < bound),
}


def _check(faults: Sequence[Cause]) -> None:
    if faults:
        lines = [f"{fault.field}: {fault.message}" for fault in faults]
        raise _Unreadable(lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]")


def key_faults(key: str) -> list[Cause]:
    """What keeps a text from being the key of a label."""
    parts = key.split("/")
    if len(parts) > 2:
        detail = f"a valid label key {_LETTERS} {_NAME_EXAMPLES} with an optional DNS subdomain prefix and '/'"
        return [invalid_value(NOWHERE, key, f"{detail} (e.g. 'example.com/MyName')")]
    details = _prefix_faults(parts[0]) if len(parts) == 2 else []
    name = parts[-1]
    if not name:
        details.append("name part must be non-empty")
    elif len(name) > _LONGEST:
        details.append(f"name part must be no more than {_LONGEST} bytes")
    if _NAME.fullmatch(name) is None:
        details.append(f"name part {_LETTERS} {_NAME_EXAMPLES}")
    return [invalid_value(NOWHERE, key, "; ".join(details))] if details else []


def _prefix_faults(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    details = []
    if len(prefix) > _LONGEST_PREFIX:
        details.append(f"prefix part must be no more than {_LONGEST_PREFIX} bytes")
    if _PREFIX.fullmatch(prefix) is None:
        details.append(f"prefix part {_PREFIX_WORDS}")
    return details


def _value_faults(key: str, operator: str, values: Sequence[str]) -> list[Cause]:
    if operator in "<>" and _INTEGER.fullmatch(values[0]) is None:
        return [invalid_value("values[0]", values[0], "for 'Gt', 'Lt' operators, the value must be an integer")]
    found = []
    for position, value in enumerate(values):
        details = [f"must be no more than {_LONGEST} bytes"] if len(value.encode()) > _LONGEST else []
        if _VALUE.fullmatch(value) is None:
            details.append(_VALUE_WORDS)
        if details:
            found.append(invalid_value(f"values[{position}][{key}]", value, "; ".join(details)))
    return found
