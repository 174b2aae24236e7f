"""What the real API server said to each claim, kept, so that a machine without it still compares with its words.

A ``Transcript`` stands before a face and notes every request with its answer, masked (``masking.py``). The transcript of
the real server is kept as a file for each claim under ``recordings/``; that of every other arm has to be equal to it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import urlencode

from e2e.conformance.faces import ADMIN, JSON, Answer, Face, How, HttpFace, token_of
from e2e.conformance.masking import Masks
from e2e.conformance.webhook import Handler
from simulator.kube.api import ApiRequest
from simulator.kube.calls import asked

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "recordings"
POLL_SECONDS = 0.1
_DIFFERENCES_SHOWN = 12


class Transcript:
    """A face that notes what it is asked and what it answers."""

    def __init__(self, face: Face, namespace: str = "", shown: str = "") -> None:
        """Nothing is noted yet; see ``Masks`` for the namespace."""
        self.name = face.name
        self.exchanges: list[Json] = []
        self._face = face
        self._masks = Masks(namespace, shown)
        self._notes = True

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        own: str = "",
        part: Callable[[Json], Any] | None = None,
        **how: Unpack[How],
    ) -> Answer:
        """See ``Face``. Of a list in which others stand too, only the items named ``own`` are noted; of an answer that is
        too large to keep, or tells more than the claim is about, only the ``part``.
        """
        answer = self._face.send(method, path, body, **how)
        noted = answer
        if own and "items" in answer.body:
            items = [item for item in answer.body["items"] if item["metadata"]["name"] == own]
            noted = replace(answer, body={**answer.body, "items": items})
        if part is not None and answer.status < 300:
            noted = replace(answer, body={"part": part(answer.body)})
        self._note(method, path, body, how.get("query"), how.get("content_type", JSON), noted)
        if how.get("accept") and self._notes:
            self.exchanges[-1]["accept"] = how["accept"]
        return answer

    def raw(
        self,
        method: str,
        path: str,
        data: bytes = b"",
        *,
        token: str | None = None,
        part: Callable[[Json], Any] | None = None,
        **headers: str,
    ) -> Answer:
        """One HTTP request as it stands, for claims that are asked over HTTP only; its headers are noted too.

        Args:
            method: any.
            path: with its query.
            data: the body.
            token: a bearer token; empty: none; ``None``: the administrator's.
            part: what of a good answer is noted, if not all.
            headers: by name, with underscores in the place of hyphens.
        """
        assert isinstance(self._face, HttpFace), "a claim over HTTP needs the mark over_http"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is None:
            token = token_of(ADMIN)
        if token:
            given.setdefault("Authorization", f"Bearer {token}")
        answer = self._face.raw(method, path, data, given)
        if self._notes:
            exchange: Json = {"request": self._line(method, path, None), "status": answer.status}
            noted = part(answer.body) if part is not None and answer.status < 300 else answer.body
            exchange["answer"] = self._masks.value(noted)
            exchange["headers"] = dict(answer.headers)
            if answer.warnings:
                exchange["warnings"] = [self._masks.text(warning) for warning in answer.warnings]
            if data:
                exchange["body"] = sha256(self._masks.text(data.decode(errors="replace")).encode()).hexdigest()[:12]
            self.exchanges.append(exchange)
        return answer

    def until(self, holds: Callable[[], object], seconds: float = 20.0) -> None:
        """Ask again and again until it holds; what is asked meanwhile is not noted, as its number depends on the clock.

        Raises:
            AssertionError: it never did.
        """
        self._notes = False
        try:
            waited = 0.0
            while not holds():
                assert waited < seconds, f"it did not come to pass within {seconds} s"
                self._face.wait(POLL_SECONDS)
                waited += POLL_SECONDS
        finally:
            self._notes = True

    def watch(
        self, path: str, count: int, *, seconds: int = 5, accept: str = "", query: Mapping[str, str] | None = None
    ) -> list[Json]:
        """See ``Face``."""
        events = self._face.watch(path, count, seconds=seconds, accept=accept, query=query)
        asks = str(asked(ApiRequest(method="GET", path=path, query=query or {}), watch=True))
        line = self._line("WATCH", path, query)
        self.exchanges.append({"request": line, "asks": asks, "events": self._masks.value(events)})
        return events

    def wait(self, seconds: float) -> None:
        """See ``Face``."""
        self._face.wait(seconds)

    def compact(self) -> None:
        """See ``Face``."""
        self._face.compact()

    def fill_store(self, *, full: bool) -> None:
        """See ``Face``."""
        self._face.fill_store(full=full)

    def aside(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """See ``Face``; it is not noted, as it happens in the middle of something else."""
        return self._face.aside(method, path, body, **how)

    def webhook(self, handler: Handler) -> Json:
        """See ``Face``."""
        return self._face.webhook(handler)

    def _note(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, str] | None,
        content_type: str,
        answer: Answer,
    ) -> None:
        if not self._notes:
            return
        request = ApiRequest(method=method, path=path, query=query or {}, body=body, content_type=content_type)
        exchange: Json = {"request": self._line(method, path, query), "asks": str(asked(request))}
        if body is not None:
            text = json.dumps(self._masks.value(body), sort_keys=True)
            exchange["body"] = sha256(text.encode()).hexdigest()[:12]
        exchange["status"] = answer.status
        exchange["answer"] = self._masks.value(answer.body)
        if answer.warnings:
            exchange["warnings"] = [self._masks.text(warning) for warning in answer.warnings]
        self.exchanges.append(exchange)

    def _line(self, method: str, path: str, query: Mapping[str, str] | None) -> str:
        masked = {name: self._masks.value(value, name) for name, value in (query or {}).items() if name != "continue"}
        return self._masks.text(f"{method} {path}" + (f"?{urlencode(masked)}" if masked else ""))


def file_of(claim: str) -> Path:
    """Where the recording of a claim is kept; a claim is named ``module.test[case]``."""
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in claim).strip("-")
    return FOLDER / f"{safe}.json"


def keep(claim: str, exchanges: list[Json]) -> None:
    """Write what the real server said, one exchange a line."""
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(exchange, sort_keys=True) for exchange in exchanges)
    file_of(claim).write_text(f"[\n{lines}\n]\n")


def differences(claim: str, exchanges: list[Json], namespace: str = "") -> list[str]:
    """Where a transcript differs from the recording, as lines; none: they are the same. ``namespace`` is the claim's, as
    it is shown.
    """
    path = file_of(claim)
    if not path.exists():
        return [f"there is no recording {path.name}: python -m e2e.conformance --record makes it"]
    text = path.read_text()
    wanted: list[Json] = json.loads(re.sub(rf"{namespace}-\d+\b", namespace, text) if namespace else text)
    found: list[str] = []
    for position, (want, have) in enumerate(zip(wanted, exchanges, strict=False)):
        if (want["request"], want.get("body")) != (have["request"], have.get("body")):
            found.append(
                f"request {position} was {want['request']}, is {have['request']}: the claim has changed, record it"
            )
            break
        found += [
            f"{want['request']}: {line}"
            for line in _compare("", _unmarked({"asks": have.get("asks"), **want}), _unmarked({"asks": None, **have}))
        ]
    if len(wanted) != len(exchanges):
        found.append(f"{len(wanted)} exchanges were recorded, {len(exchanges)} took place")
    return found[:_DIFFERENCES_SHOWN]


def _unmarked(exchange: Json) -> Json:
    """An exchange without the revisions of bookmarks: they are the server's, which goes on with whatever else is written."""
    events = exchange.get("events")
    if not events:
        return exchange
    return {**exchange, "events": [_without_revision(one) if one["type"] == "BOOKMARK" else one for one in events]}


def _without_revision(event: Json) -> Json:
    metadata = {**event["object"]["metadata"], "resourceVersion": "of the bookmark"}
    return {**event, "object": {**event["object"], "metadata": metadata}}


def _ordered(name: str, items: list[Any]) -> list[Any]:
    """A list in an order of ours, where the real server's is chance.

    Managed fields stand in the order of their times, which are masked; conflicts with several managers in that of a
    hash table.
    """
    conflicts = name == "causes" and any(cause.get("reason") == "FieldManagerConflict" for cause in items)
    if name != "managedFields" and not conflicts:
        return items
    keys = ("operation", "manager", "subresource", "apiVersion", "message", "field")
    return sorted(items, key=lambda item: [str(item.get(key, "")) for key in keys])


def _compare(place: str, want: Any, have: Any) -> Iterator[str]:
    if isinstance(want, dict) and isinstance(have, dict):
        for name in sorted({*want, *have}):
            one, other = want.get(name, "(absent)"), have.get(name, "(absent)")
            if isinstance(one, list) and isinstance(other, list):
                one, other = _ordered(name, one), _ordered(name, other)
            yield from _compare(f"{place}.{name}", one, other)
    elif isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        for position, (one, other) in enumerate(zip(want, have, strict=True)):
            yield from _compare(f"{place}[{position}]", one, other)
    elif want != have or isinstance(want, bool) != isinstance(have, bool):
        yield f"{place} was {json.dumps(want)[:300]}, is {json.dumps(have, default=str)[:300]}"
