"""The trace: what happened, in order, as one line for each event, with a hash over what all lines say.

The hash is the proof of determinism: two runs of one seed have the same. So an event holds only plain values; an object
whose text could contain an address in memory, and a set, whose order could differ, are refused. Lines are for people,
and made when somebody reads them.
"""

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: who did what, when (virtual seconds), in which order (``number`` counts from 1)."""

    number: int
    seconds: float
    actor: str
    what: str
    fields: Mapping[str, object]

    @property
    def line(self) -> str:
        """The event as one line of text."""
        fields = "".join([f" {name}={_text(name, value)}" for name, value in self.fields.items()])
        return f"{self.seconds:.6f} {self.actor} {self.what}{fields}"


_MARKS = re.compile('[ "=,]')  # text that holds one stands in quotes
_PLAIN = frozenset((str, int, float, bool, type(None)))
_ADDRESS = b" at 0x"
Subscriber = Callable[[Event], None]


class Trace:
    """Collects events, hashes them, and tells those who listen (oracles, progress, reports).

    Args:
        time: gives the virtual time, such as ``loop.time``.
        events_kept: only the last so many are kept; None keeps all. The hash always covers all.
    """

    def __init__(self, time: Callable[[], float], *, events_kept: int | None = None) -> None:
        self._time = time
        self._hash = hashlib.sha256()
        self._subscribers: list[Subscriber] = []
        self.count = 0
        self.events: deque[Event] = deque(maxlen=events_kept)

    def event(self, actor: str, what: str, **fields: object) -> None:
        """Something happened. Fields hold text, numbers, booleans, None, or a list or tuple of texts.

        Raises:
            TypeError: a field holds something else, or text with an address in memory.
        """
        self.count += 1
        event = Event(number=self.count, seconds=self._time(), actor=actor, what=what, fields=fields)
        self._hash.update(_encoded(event))
        self.events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call ``subscriber`` with every event from now on, after those who subscribed before."""
        self._subscribers.append(subscriber)

    @property
    def hash(self) -> str:
        """The hash over all events so far, as 16 hexadecimal digits."""
        return self._hash.hexdigest()[:16]

    @property
    def lines(self) -> list[str]:
        """The lines of the events that are kept."""
        return [event.line for event in self.events]


def _encoded(event: Event) -> bytes:
    """What the hash covers of an event: all of it, as JSON."""
    for name, value in event.fields.items():
        if type(value) not in _PLAIN:
            _text(name, value)  # refuses all but a list of texts
    data = msgspec.json.encode(event)
    if _ADDRESS in data:
        _ = event.line  # names the field
    return data


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        if quoted := _quoted(value):
            return quoted
        raise TypeError(f"field {name}: {value!r} holds an address in memory")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return json.dumps(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "[" + ",".join(_text(name, part) for part in value) + "]"
    raise TypeError(f"field {name}: a {type(value).__name__} has no text that is the same in every process")


@lru_cache(maxsize=4096)  # names come again and again
def _quoted(text: str) -> str:
    """Text as a line holds it; empty for one with an address in memory."""
    if " at 0x" in text:
        return ""
    return text if text and text.isprintable() and not _MARKS.search(text) else json.dumps(text)
