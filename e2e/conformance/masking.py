"""What may differ between two servers that behave the same: uids, revisions, times, random names, ports.

Each is replaced by a word that keeps what matters: the second uid that a claim gets to see is ``uid-2`` in every place
where it stands, so that an owner reference to another object still shows. Everything else is compared as it is.
"""

import re
from typing import Any

_UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_PORT = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):\d+")
_REVISIONS = re.compile(r"(?i)(resource ?version\D{0,30}|current: |compacted to |decodable revision=)\d+")
_OLDEST = re.compile(r"(too old resource version: \w+ \()\d+")
# How long ago, as a Table says it: 5m15s, 3d, <invalid> where the clock of the reader is behind.
_AGE = re.compile(r"(?<![\w.-])(?:\d+[ydhms])+(?![\w.-])")
_OPAQUE = {"continue": "token", "clientConfig": "where it is"}


class Masks:
    """The words of one claim; the same value gets the same word from its first appearance on."""

    def __init__(self, namespace: str = "", shown: str = "") -> None:
        """No words yet; the claim's ``namespace``, whose number depends on what ran before, is ``shown`` without it."""
        self._namespace = namespace
        self._shown = shown
        self._words: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value with everything masked that may differ."""
        if isinstance(value, dict):
            self._note_generated(value)
            listed = "items" in value
            return {self.text(name): self._member(name, item, listed=listed) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, str):
            return value
        if key == "resourceVersion" and value not in ("", "0"):
            return self._word("revision", value)
        return self.text(value)

    def text(self, text: str) -> str:
        """A text in which the same is masked."""
        if self._namespace != self._shown:
            text = text.replace(self._namespace, self._shown)
        text = _UID.sub(lambda found: self._word("uid", found.group()), text)
        text = _TIME.sub("a time", text)
        text = _PORT.sub(r"\1:port", text)
        text = _REVISIONS.sub(r"\1N", text)
        text = _OLDEST.sub(r"\1N", text)
        for random, word in self._words.items():
            if word.startswith("generated-") and random in text:
                text = text.replace(random, word)
        return text

    def _member(self, name: str, item: Any, *, listed: bool) -> Any:
        if name in _OPAQUE and item:
            return _OPAQUE[name]
        if name == "cells":
            return [_AGE.sub("an age", self.text(cell)) if isinstance(cell, str) else cell for cell in item]
        if name == "columnDefinitions" and item:
            return [self.value(column) | {"description": _description(column)} for column in item]
        if listed and name == "metadata" and isinstance(item, dict) and "resourceVersion" in item:
            return self.value({**item, "resourceVersion": ""}) | {"resourceVersion": "of the list"}
        return self.value(item, name)

    def _note_generated(self, item: dict[str, Any]) -> None:
        base, name = item.get("generateName"), item.get("name")
        if isinstance(base, str) and isinstance(name, str) and base and name.startswith(base) and name != base:
            self._word("generated", name)

    def _word(self, kind: str, value: str) -> str:
        if value not in self._words:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._words[value] = f"{kind}-{self._counts[kind]}"
        return self._words[value]


def _description(column: dict[str, Any]) -> str:
    """Prose of Kubernetes stays out of the recordings; what a definition of the claims says about a column is kept."""
    text = str(column.get("description", ""))
    return text if text.startswith("Custom resource definition column") else ""
