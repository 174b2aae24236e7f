"""The CEL rules of a schema: which rule looks at which value, and when.

All rules of one value are joined into one expression, which is true nearly always; only when it is not, the rules are
asked one by one for their messages. A rule that names ``oldSelf`` speaks of a change: it is asked when the value was
there before, and where before and after can be told apart (not inside a list without keys), unless it says that it
can do without (``optionalOldSelf``). What the other rules say of a value that an update leaves as it was is advice and
no fault; where the rules have never changed it need not be asked at all, as the value was accepted under them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from simulator.kube.server.advice import advise
from simulator.kube.server.custom.cel import (
    OPTIONAL_VARIABLES,
    CelError,
    Expression,
    compile_expression,
    scope,
    with_optional_old_self,
)
from simulator.kube.server.custom.rule_fields import escaped as escaped_name
from simulator.kube.server.custom.rule_fields import steps_below
from simulator.kube.server.custom.schema_faults import LIST_KEYS, LIST_TYPE, MAP_TYPE
from simulator.kube.server.field_errors import NOWHERE, OMITTED, duplicate, forbidden_field, invalid_value, required
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]
Path = tuple[Any, str | int, bool] | None
"""The place of a value: of what it is part, under which name, and whether that is the key of a map."""

_LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_OLD_SELF = re.compile(r"\boldSelf\b")
_OWN_NAMES = re.compile(r"__\w+__")
_ABSENT: Any = object()
_MESSAGE_BYTES = 5 * 1024


class BadRule(Exception):
    """A rule that no definition may have."""


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    expression: Expression
    message: str
    message_expression: Expression | None
    reason: str
    field_steps: Sequence[tuple[str, bool]]
    transition: bool
    optional: bool


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is broken; ``about_change`` if it compares with what was there before."""

    cause: Cause
    about_change: bool


View = Callable[[Any], Any]


def text_of(path: Path) -> str:
    """``spec.ips[0]``, ``spec.counts[x]``."""
    steps: list[str] = []
    while path is not None:
        steps.append(f"[{path[1]}]" if path[2] or isinstance(path[1], int) else f".{path[1]}")
        path = path[0]
    return "".join(reversed(steps)).removeprefix(".") or NOWHERE


class RuleNode:
    """The rules of one place in the schema, and of the places below it."""

    def __init__(self, schema: Json, *, correlated: bool, escaped: bool, node: Json | None = None) -> None:
        self.has_transitions: bool
        self.empty: bool
        given = _given(schema)
        node = schema if node is None else node
        self._shows_value = node.get("type") not in ("object", "array")
        self._type = node.get("type") or ""
        self._rules = [_rule(one, node) for one in given]
        plain = [one for one in given if not one.get("optionalOldSelf")]
        self._on_create = _joined([one for one in plain if not speaks_of_change(one["rule"])])
        self._on_update = _joined(plain)
        self._optional = any(rule.optional for rule in self._rules)
        self._view = _view(node) if escaped else None
        self._correlates = node.get(MAP_TYPE) != "atomic"
        inside = correlated and self._correlates
        self._properties = _children(schema.get("properties") or {}, correlated=inside, escaped=escaped)
        self._values = _child(schema.get("additionalProperties"), correlated=inside, escaped=escaped)
        self._keys: Sequence[str] = schema.get(LIST_KEYS) or () if schema.get(LIST_TYPE) == "map" else ()
        self._items = _child(schema.get("items"), correlated=correlated and bool(self._keys), escaped=escaped)
        self._all_of = [
            found
            for one in schema.get("allOf") or ()
            if not (found := RuleNode(one, correlated=correlated, escaped=escaped, node=node)).empty
        ]
        below = [*self._properties.values(), *(child for child in (self._values, self._items) if child), *self._all_of]
        self.empty = not self._rules and not below
        self.has_transitions = any(rule.transition for rule in self._rules) or any(
            child.has_transitions for child in below
        )

    def check(self, value: Any, old: Any, path: Path, found: list[Finding], *, trusted: bool, same: bool) -> None:
        """Report every rule that ``value`` breaks.

        Args:
            value: the new value.
            old: what was there before, or nothing.
            path: where.
            found: what is broken is added here.
            trusted: what was there before was accepted under these rules.
            same: the nearest value around it that can be told apart is as it was.
        """
        if value is None:
            return
        if old is not _ABSENT:
            same = value is old or value == old
            if same and trusted and not self.has_transitions:
                return
        if self._rules:
            self._ask(value, old, path, found, same=same)
        for node in self._all_of:
            node.check(value, old, path, found, trusted=trusted, same=same)
        if isinstance(value, dict):
            self._check_object(value, old, path, found, trusted=trusted, same=same)
        elif isinstance(value, list) and self._items is not None:
            before = self._by_key(old)
            for position, item in enumerate(value):
                earlier = before.get(self._key(item), _ABSENT)
                self._items.check(item, earlier, (path, position, False), found, trusted=trusted, same=same)

    def _check_object(
        self, value: Json, old: Any, path: Path, found: list[Finding], *, trusted: bool, same: bool
    ) -> None:
        before: Json = old if isinstance(old, dict) and self._correlates else {}
        for name, node in self._properties.items():
            if name in value:
                earlier = before.get(name, _ABSENT)
                node.check(value[name], earlier, (path, name, False), found, trusted=trusted, same=same)
        if self._values is not None:
            for name, item in value.items():
                earlier = before.get(name, _ABSENT)
                self._values.check(item, earlier, (path, name, True), found, trusted=trusted, same=same)

    def _key(self, item: Any) -> tuple[Any, ...]:
        return tuple(item.get(key) for key in self._keys) if isinstance(item, dict) else ()

    def _by_key(self, old: Any) -> Mapping[tuple[Any, ...], Any]:
        return {self._key(item): item for item in old} if self._keys and isinstance(old, list) else {}

    def _ask(self, value: Any, old: Any, path: Path, found: list[Finding], *, same: bool) -> None:
        if old is None:
            old = _ABSENT
        joined = self._on_create if old is _ABSENT else self._on_update
        if joined is None and not self._optional:
            return
        view = self._view
        values = {"self": view(value) if view else value}
        if old is not _ABSENT:
            values["oldSelf"] = view(old) if view else old
        asked = scope(values)
        if (joined is None or joined.holds(asked)) and not self._optional:
            return
        for rule in self._rules:
            if rule.transition and old is _ABSENT and not rule.optional:
                continue
            seen = _optionally(values) if rule.optional else asked
            if not rule.expression.holds(seen):
                cause = self._cause(rule, seen, value, path)
                found.append(Finding(cause=cause, about_change=rule.transition or not same))

    def _cause(self, rule: _Rule, asked: Any, value: Any, path: Path) -> Cause:
        error = rule.expression.error(asked)
        if error:
            said = error + (" for rule: " if error.startswith("'no such overload") else " evaluating rule: ")
            return invalid_value(text_of(path), self._type, said + (rule.message or rule.text))
        for step, keyed in rule.field_steps:
            path = (path, step, keyed)
        field, shown = text_of(path), value if self._shows_value else OMITTED
        detail = _message(rule, asked)
        if rule.reason == "FieldValueForbidden":
            return forbidden_field(field, detail)
        if rule.reason == "FieldValueRequired":
            return required(field, detail)
        if rule.reason == "FieldValueDuplicate":
            return duplicate(field, shown)
        return invalid_value(field, shown, detail)


def _optionally(values: Mapping[str, Any]) -> Any:
    earlier = [values["oldSelf"]] if "oldSelf" in values else []
    return scope({"self": values["self"], "earlier": earlier}, OPTIONAL_VARIABLES)


def compile_rules(schema: Json) -> RuleNode | None:
    """The rules of a whole schema; ``None`` if it has none.

    Raises:
        BadRule: a rule does not compile.
    """
    node = RuleNode(schema, correlated=True, escaped=_uses_escapes(schema))
    return None if node.empty else node


def _uses_escapes(schema: Any) -> bool:
    """Whether any rule in the schema writes a field as ``__namespace__``; if none does, values are shown as they are."""
    if isinstance(schema, list):
        return any(_uses_escapes(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    return _OWN_NAMES.search(f"{schema.get('rule', '')}{schema.get('messageExpression', '')}") is not None or any(
        _uses_escapes(value) for value in schema.values()
    )


def rule_causes(node: RuleNode, item: Json, before: Json | None, *, trusted: bool = True) -> list[Cause]:
    """The rules that an object breaks. Rules see of its metadata only the names.

    Args:
        node: the rules.
        item: the object.
        before: the object before.
        trusted: whether the object before was accepted under these rules; if not, it may break them where it stays as
            it was, and that becomes advice.
    """
    found: list[Finding] = []
    old = _ABSENT if before is None else _rooted(before)
    node.check(_rooted(item), old, None, found, trusted=trusted, same=False)
    for finding in found:
        if not finding.about_change:
            advise(f"{finding.cause.field}: {finding.cause.message}")
    return [finding.cause for finding in found if finding.about_change]


def value_causes(node: RuleNode, value: Any, place: str) -> list[Cause]:
    """The rules that a default breaks; ``place`` is where it stands."""
    found: list[Finding] = []
    node.check(value, _ABSENT, None, found, trusted=True, same=False)
    return [
        Cause(
            field=place if finding.cause.field == NOWHERE else f"{place}.{finding.cause.field}",
            message=finding.cause.message,
            reason=finding.cause.reason,
        )
        for finding in found
    ]


def _rooted(item: Json) -> Json:
    metadata = {name: item["metadata"][name] for name in ("name", "generateName") if name in item["metadata"]}
    return {**item, "metadata": metadata}


def _given(schema: Json) -> list[Json]:
    return schema.get("x-kubernetes-validations") or []


def speaks_of_change(rule: str) -> bool:
    """Whether a rule names ``oldSelf``."""
    return _OLD_SELF.search(_LITERALS.sub("", rule)) is not None


def _rule(given: Json, node: Json) -> _Rule:
    text, expression, optional = given["rule"], given.get("messageExpression"), bool(given.get("optionalOldSelf"))

    def compiled(expression: str) -> Expression:
        if optional:
            return compile_expression(with_optional_old_self(expression), OPTIONAL_VARIABLES)
        return compile_expression(expression)

    try:
        return _Rule(
            text=text.strip(),
            expression=compiled(text),
            message=(given.get("message") or "").strip(),
            message_expression=compiled(expression) if expression else None,
            reason=given.get("reason") or "FieldValueInvalid",
            field_steps=steps_below(given.get("fieldPath", "").strip(), node),
            transition=speaks_of_change(text),
            optional=optional,
        )
    except (CelError, ValueError) as error:
        raise BadRule(str(error)) from error


def _joined(rules: Sequence[Json]) -> Expression | None:
    if not rules:
        return None
    try:
        return compile_expression(" && ".join(f"({given['rule']})" for given in rules))
    except CelError as error:
        raise BadRule(str(error)) from error


def _message(rule: _Rule, asked: Any) -> str:
    if rule.message_expression is not None and not rule.message_expression.error(asked):
        text = rule.message_expression.value(asked)
        said = text.strip() if isinstance(text, str) else ""
        if said and "\n" not in said and len(said.encode()) <= _MESSAGE_BYTES:
            return said
    return rule.message or f"failed rule: {rule.text}"


def _child(schema: Any, *, correlated: bool, escaped: bool) -> RuleNode | None:
    if not isinstance(schema, dict):
        return None
    node = RuleNode(schema, correlated=correlated, escaped=escaped)
    return None if node.empty else node


def _children(properties: Mapping[str, Json], *, correlated: bool, escaped: bool) -> dict[str, RuleNode]:
    found = {name: _child(schema, correlated=correlated, escaped=escaped) for name, schema in properties.items()}
    return {name: node for name, node in found.items() if node is not None}


def _view(schema: Json) -> View | None:
    """What a rule sees of a value: the value itself, but for fields whose names are words of CEL.

    Such a field has a second name, ``__namespace__``.
    """
    properties: Mapping[str, Json] = schema.get("properties") or {}
    inner = {name: view for name, child in properties.items() if (view := _view(child)) is not None}
    renamed = {name: said for name in properties if (said := escaped_name(name)) is not None and said != name}
    if inner or renamed:
        return lambda value: _viewed(value, inner, renamed)
    items = schema.get("items")
    each = _view(items) if isinstance(items, dict) else None
    if each is not None:
        return lambda value: [each(item) for item in value] if isinstance(value, list) else value
    values = schema.get("additionalProperties")
    every = _view(values) if isinstance(values, dict) else None
    if every is not None:
        return lambda value: {name: every(item) for name, item in value.items()} if isinstance(value, dict) else value
    return None


def _viewed(value: Any, inner: Mapping[str, View], renamed: Mapping[str, str]) -> Any:
    if not isinstance(value, dict):
        return value
    seen = dict(value)
    for name, view in inner.items():
        if name in seen:
            seen[name] = view(seen[name])
    for name, said in renamed.items():
        if name in seen:
            seen[said] = seen[name]
    return seen
