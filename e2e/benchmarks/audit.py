"""The API server's own word on how many requests a client sent: its audit log, read between two marks.

Counting in the client would miss what a library repeats. The server logs each answered request with user agent, verb,
resource and status; a request of our own, for a namespace that is named after a number, marks where a window begins and
ends, so that nobody waits for a fixed time until the log is written.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

WRITTEN_SECONDS = 30.0
LOOK_SECONDS = 0.05
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Requests of one sort. ``resource`` has its subresource: ``pods/status``."""

    client: str
    verb: str
    resource: str
    code: int


@dataclass(slots=True)
class Window:
    """What the server answered between two marks; filled when the window ends."""

    counts: Counter[Sent] = field(default_factory=Counter)

    def total(self, *, client: str = "", verb: str = "", resource: str = "", code: int = 0) -> int:
        """The sum over what is named; ``client`` is the beginning of a user agent."""
        return sum(
            number
            for sent, number in self.counts.items()
            if sent.client.startswith(client)
            and verb in ("", sent.verb)
            and resource in ("", sent.resource)
            and code in (0, sent.code)
        )

    def by_verb(self, client: str) -> dict[str, int]:
        """``verb resource`` to number, without watches, which are one request for many events."""
        found: Counter[str] = Counter()
        for sent, number in self.counts.items():
            if sent.client.startswith(client) and sent.verb != "watch":
                found[f"{sent.verb} {sent.resource}"] += number
        return dict(sorted(found.items()))


class AuditLog:
    """The log file of one API server; ``mark`` asks the server for a namespace by name."""

    def __init__(self, file: Path, mark: Callable[[str], None]) -> None:
        self._file = file
        self._mark = mark
        self._numbers = count(1)
        self._place = 0

    @contextmanager
    def window(self) -> Iterator[Window]:
        """Count what is answered within the block."""
        window = Window()
        self._read_to_mark()
        yield window
        for line in self._read_to_mark():
            sent = parse_line(line)
            if sent is not None:
                window.counts[sent] += 1

    def _read_to_mark(self) -> list[bytes]:
        """Set a mark, and return every line before it that was not read yet.

        Raises:
            TimeoutError: the mark does not appear.
        """
        name = f"mark-{next(self._numbers)}"
        self._mark(name)
        needle, end = f'"name":"{name}"'.encode(), time.monotonic() + WRITTEN_SECONDS
        found: list[bytes] = []
        with self._file.open("rb") as log:
            log.seek(self._place)
            while time.monotonic() < end:
                line = log.readline()
                if not line.endswith(b"\n"):
                    log.seek(self._place)
                    time.sleep(LOOK_SECONDS)
                    continue
                self._place = log.tell()
                if needle in line:
                    return found
                found.append(line)
        raise TimeoutError(f"the audit log does not show {name} within {WRITTEN_SECONDS:g} s")


def parse_line(line: bytes) -> Sent | None:
    """One answered request; None for a line that is none, such as one about a path without a resource."""
    event = json.loads(line)
    reference = event.get("objectRef") or {}
    resource = reference.get("resource", "")
    if not resource or event.get("stage") != "ResponseComplete":
        return None
    subresource = reference.get("subresource")
    return Sent(
        client=event.get("userAgent", ""),
        verb=event["verb"],
        resource=f"{resource}/{subresource}" if subresource else resource,
        code=(event.get("responseStatus") or {}).get("code", 0),
    )
