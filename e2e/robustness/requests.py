"""Requests made of a server's own OpenAPI documents.

``Generator.play`` makes them for one action of a document, in one of three ways:

- ``generated``: schemathesis makes names, parameters and a body that keep to the schemas;
- ``broken``: a body that the server takes, or a patch of it, with something of another type in a few places; because
  nearly nothing that is drawn from a schema alone gets as far as the rules of a kind;
- ``negative``: schemathesis breaks the schemas, which takes long.

What schemathesis makes of a whole pod takes it a second. So a seed sees of each schema only ``FIELDS`` of the fields
that are not required, and another seed sees others (``trimmed``).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from e2e.robustness.prober import Sent
from e2e.robustness.samples import NAMES, sample

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
FIELDS = 5
_YAML_BYTES = 2_000
_SETTINGS: Mapping[str, Any] = {
    "phases": [Phase.generate],
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_OPTIONS: Json = {
    "gracePeriodSeconds": 0,
    "propagationPolicy": "Background",
    "dryRun": ["All"],
    "preconditions": {"uid": "11111111-1111-4111-8111-111111111111", "resourceVersion": "1"},
}
_WORDS: Mapping[str, Sequence[str]] = {
    "allowWatchBookmarks": ("true", "x"),
    "continue": ("x", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0"),
    "dryRun": ("All", "None"),
    "fieldManager": ("me", "x" * 200),
    "fieldSelector": ("metadata.name=a", "metadata.name!=a,spec.nodeName=", "x"),
    "fieldValidation": ("Strict", "Warn", "Ignore", "x"),
    "force": ("true", "false", "x"),
    "gracePeriodSeconds": ("0", "30", "-1", "x"),
    "labelSelector": ("a=b", "a in (b,c),!d", "a>1", "a in ("),
    "limit": ("1", "500", "0", "-1", "x"),
    "orphanDependents": ("true", "false"),
    "pretty": ("true",),
    "propagationPolicy": ("Foreground", "Orphan", "Background", "x"),
    "resourceVersion": ("0", "1", "99999999", "x"),
    "resourceVersionMatch": ("Exact", "NotOlderThan", "x"),
    "sendInitialEvents": ("true", "false"),
    "timeoutSeconds": ("1", "0", "-1", "x"),
    "watch": ("true", "false", "x"),
}
_JUNK: tuple[Any, ...] = (
    None,
    {},
    [],
    "",
    0,
    -1,
    1.5,
    True,
    "x\ny",
    "\x00\ud800",
    {"": {}},
    [None],
    [{}],
    [[]],
    "a" * 300,
    1 << 70,
    {"name": []},
    {"$patch": "replace"},
    {"$patch": "delete"},
    [{"$patch": "delete", "name": "a"}],
)


def operations(document: Json) -> list[tuple[str, str]]:
    """The actions of a document: path and method."""
    return [(path, method) for path, actions in document["paths"].items() for method in METHODS if method in actions]


def chosen(names: Sequence[Any], count: int, seed: str) -> list[Any]:
    """So many of the names, in their order; another seed chooses others."""
    ranked = sorted(names, key=lambda name: sha256(f"{seed} {name}".encode()).digest())
    kept = set(ranked[:count])
    return [name for name in names if name in kept]


def trimmed(document: Json, *, seed: int, fields: int = FIELDS) -> Json:
    """The document with, of each schema, what is required and a few of the other fields."""
    schemas = document["components"]["schemas"]
    smaller = {name: _trimmed(schema, fields, f"{seed} {name}") for name, schema in schemas.items()}
    return {**document, "components": {**document["components"], "schemas": smaller}}


def _trimmed(schema: Json, fields: int, seed: str) -> Json:
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    more = chosen([name for name in properties if name not in required], fields, seed)
    kept = {name: one for name, one in properties.items() if name in required or name in more}
    return {**schema, "properties": kept} if properties else schema


class Generator:
    """Makes requests of one document (OpenAPI, version 3); the same seed makes the same."""

    def __init__(self, document: Json, *, seed: int, count: int) -> None:
        """At most ``count`` requests of each action and way."""
        self._schema = schemathesis.openapi.from_dict(trimmed(document, seed=seed))
        self._document = document
        self._seed = seed
        self._count = count

    def play(self, path: str, method: str, way: str, each: Callable[[Sent], object]) -> None:
        """Hand ``each`` request of an action over; what it raises ends it.

        Args:
            path: with its places for names, as it stands in the document.
            method: in small letters.
            way: see above.
            each: told each request.
        """
        requests = self._broken(path, method) if way == "broken" else self._generated(path, method, way)

        @hypothesis.seed(self._seed)
        @hypothesis.settings(max_examples=self._count, **_SETTINGS)
        @hypothesis.given(sent=requests)
        def play(sent: Sent) -> None:
            each(sent)

        play()

    def _generated(self, path: str, method: str, way: str) -> st.SearchStrategy[Sent]:
        mode = GenerationMode.NEGATIVE if way == "negative" else GenerationMode.POSITIVE
        cases = self._schema[path][method].as_strategy(generation_mode=mode)
        return st.builds(_request_of, cases, st.booleans(), st.booleans(), self._queries(path, method))

    def _broken(self, path: str, method: str) -> st.SearchStrategy[Sent]:
        spots = st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(_JUNK)), min_size=0, max_size=3)
        bodies = st.builds(
            _broken_body, st.just(method), st.just(plural_of(path)), st.sampled_from(_PATCHES), st.booleans(), spots
        )
        where = st.sampled_from(({}, {}, {}, {"name": "b"}, {"namespace": "none"}))
        return st.builds(_sent, st.just(method), st.just(path), where, self._queries(path, method), bodies)

    def _queries(self, path: str, method: str) -> st.SearchStrategy[Mapping[str, str]]:
        """Half of the time none; else a few parameters that the action takes, with values that mean something."""
        at = self._document["paths"][path]
        taken = [one["name"] for one in (*at.get("parameters", ()), *at[method].get("parameters", ()))]
        known = [(name, word) for name in taken for word in _WORDS.get(name, ())]
        if not known:
            return st.just({})
        return st.one_of(st.just({}), st.builds(dict, st.lists(st.sampled_from(known), max_size=3)))


def plural_of(path: str) -> str:
    """The resource that a path of a document is about."""
    parts = path.split("/")
    while parts[-1] in ("{name}", "status", "scale") and len(parts) > 1:
        parts.pop()
    return parts[-1]


def _request_of(case: schemathesis.Case[Any], known: bool, yaml: bool, query: Mapping[str, str]) -> Sent:  # noqa: FBT001
    """What schemathesis has drawn; for half of the cases with names that exist and with other parameters."""
    names = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    drawn = {name: str(value) for name, value in (case.query or {}).items()}
    body, kind = case.body, case.media_type or ""
    method = case.method.lower()
    if isinstance(body, NotSet):
        return _sent(method, case.path, {} if known else names, query if known else drawn, None)
    if known and isinstance(body, dict) and method in ("post", "put"):
        body = _named(body, plural_of(case.path))
    data = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    if kind in ("*/*", "application/yaml", ""):
        kind = "application/yaml" if yaml and len(data) < _YAML_BYTES else "application/json"
    return _sent(method, case.path, {} if known else names, query if known else drawn, (kind, data))


def _named(body: Json, plural: str) -> Json:
    """The body as one of an object whose name is known, with what its kind requires where nothing was drawn."""
    found = body.get("metadata")
    drawn = {**(found if isinstance(found, dict) else {})}
    for name in ("generateName", "uid", "resourceVersion", "ownerReferences", "creationTimestamp", "namespace"):
        drawn.pop(name, None)
    whole = sample(plural)
    return {**whole, **body, "metadata": {**drawn, "name": NAMES.get(plural, "a")}} | {
        name: whole[name] for name in ("apiVersion", "kind") if name in whole
    }


def _sent(
    method: str, path: str, names: Mapping[str, str], query: Mapping[str, str], body: tuple[str, bytes] | None
) -> Sent:
    known = {"namespace": "generated", "name": NAMES.get(plural_of(path), "a"), **names}
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="%") or "%20")
    path = f"{path}?{urlencode(query)}" if query else path
    kind, data = body or ("", None)
    return Sent(method=method.upper(), path=path, body=data, content_type=kind)


def _broken_body(
    method: str,
    plural: str,
    patch: str,
    yaml: bool,  # noqa: FBT001
    spots: Sequence[tuple[int, Any]],
) -> tuple[str, bytes] | None:
    if method == "get":
        return None
    body: Any = _OPTIONS if method == "delete" else sample(plural)
    if method == "patch" and patch == "application/json-patch+json":
        ends = ("/metadata/labels/a", "/spec", "/metadata", "", "/data/-", "/metadata/finalizers")
        body = [{"op": "replace", "path": ends[spot % len(ends)], "value": junk} for spot, junk in spots]
        spots = spots[2:]
    for spot, junk in spots:
        body = _with(body, spot + 1, junk)
    kind = patch if method == "patch" else "application/yaml" if yaml else "application/json"
    return kind, json.dumps(body).encode()


def _with(body: Any, spot: int, junk: Any) -> Any:
    """The value with something else in one place of it."""
    parts = list(body) if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else []
    if not parts or spot % 7 == 0:
        return junk
    name = parts[spot % len(parts)]
    changed = body.copy()
    changed[name] = _with(body[name], spot // 2, junk)
    return changed
