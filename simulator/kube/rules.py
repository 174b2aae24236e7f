"""The CEL rules of a schema: which rule looks at which value, and when.

All rules of one value are joined into one expression, which is true nearly always; only when it is not, the rules are
asked one by one for their messages. A rule that names ``oldSelf`` speaks of a change: it is asked when the value was
there before, and where before and after can be told apart (not inside a list without keys). The other rules are not
held against a value that an update leaves as it was.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.kube.cel import CelError, Expression, compile_expression, scope
from simulator.kube.refusals import Cause
from simulator.kube.schema import LIST_KEYS, LIST_TYPE, Found, Path, text_of

Json = dict[str, Any]

_LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_OLD_SELF = re.compile(r"\boldSelf\b")
_RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_ABSENT: Any = object()


class BadRule(Exception):
    """A rule that no definition may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    expression: Expression
    message: str
    message_expression: Expression | None
    reason: str
    field_path: str
    transition: bool


View = Callable[[Any], Any]


class RuleNode:
    """The rules of one place in the schema, and of the places below it."""

    def __init__(self, schema: Json, where: str, *, correlated: bool, escaped: bool) -> None:
        self.has_transitions: bool
        self._rules = [_rule(given, where, correlated=correlated) for given in _given(schema)]
        self._on_create = _joined([given for given in _given(schema) if not _transitional(given["rule"])])
        self._on_update = _joined(_given(schema))
        self._view = _view(schema) if escaped else None
        self._properties = _children(schema.get("properties") or {}, where, correlated=correlated, escaped=escaped)
        values = schema.get("additionalProperties")
        self._values = (
            _child(values, where + ".*", correlated=correlated, escaped=escaped) if isinstance(values, dict) else None
        )
        self._keys: Sequence[str] = schema.get(LIST_KEYS) or () if schema.get(LIST_TYPE) == "map" else ()
        items = schema.get("items")
        keyed = correlated and bool(self._keys)
        self._items = (
            _child(items, where + "[]", correlated=keyed, escaped=escaped) if isinstance(items, dict) else None
        )
        below = [*self._properties.values(), *(node for node in (self._values, self._items) if node is not None)]
        self.empty = not self._rules and not below
        self.has_transitions = any(rule.transition for rule in self._rules) or any(
            node.has_transitions for node in below
        )

    def check(self, value: Any, old: Any, path: Path, found: Found) -> None:
        """Report every rule that ``value`` breaks; ``old`` is what was there before, or nothing."""
        same = old is not _ABSENT and (value is old or value == old)
        if same and not self.has_transitions:
            return
        if self._rules:
            self._ask(value, old, path, found, same=same)
        if isinstance(value, dict):
            self._check_object(value, old, path, found)
        elif isinstance(value, list) and self._items is not None:
            before = self._by_key(old)
            for position, item in enumerate(value):
                self._items.check(item, before.get(self._key(item), _ABSENT), (path, position), found)

    def _check_object(self, value: Json, old: Any, path: Path, found: Found) -> None:
        before: Json = old if isinstance(old, dict) else {}
        for name, node in self._properties.items():
            if name in value:
                node.check(value[name], before.get(name, _ABSENT), (path, name), found)
        if self._values is not None:
            for name, item in value.items():
                self._values.check(item, before.get(name, _ABSENT), (path, name), found)

    def _key(self, item: Any) -> tuple[Any, ...]:
        return tuple(item.get(key) for key in self._keys) if isinstance(item, dict) else ()

    def _by_key(self, old: Any) -> Mapping[tuple[Any, ...], Any]:
        return {self._key(item): item for item in old} if self._keys and isinstance(old, list) else {}

    def _ask(self, value: Any, old: Any, path: Path, found: Found, *, same: bool) -> None:
        view = self._view
        if old is _ABSENT:
            values = {"self": view(value) if view else value}
            joined = self._on_create
        else:
            values = {"self": view(value) if view else value, "oldSelf": view(old) if view else old}
            joined = self._on_update
        if joined is None:
            return
        asked = scope(values)
        if joined.holds(asked):
            return
        for rule in self._rules:
            if (rule.transition and old is _ABSENT) or (same and not rule.transition):
                continue
            if not rule.expression.holds(asked):
                found.append((_below(path, rule.field_path), rule.reason, _message(rule, asked)))


def compile_rules(schema: Json) -> RuleNode | None:
    """The rules of a whole schema; ``None`` if it has none.

    Raises:
        BadRule: a rule does not compile, or speaks of ``oldSelf`` where before and after cannot be told apart.
    """
    node = RuleNode(schema, "", correlated=True, escaped=_uses_escapes(schema))
    return None if node.empty else node


def _uses_escapes(schema: Any) -> bool:
    """Whether any rule in the schema writes a field as ``__namespace__``; if none does, values are shown as they are."""
    if isinstance(schema, list):
        return any(_uses_escapes(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    return "__" in str(schema.get("rule", "")) or any(_uses_escapes(value) for value in schema.values())


def rule_causes(node: RuleNode, item: Json, before: Json | None) -> list[Cause]:
    """The rules that an object breaks. Rules see of its metadata only the names."""
    found: Found = []
    node.check(_rooted(item), _ABSENT if before is None else _rooted(before), None, found)
    return [Cause(field=text_of(path) or "<nil>", message=message, reason=reason) for path, reason, message in found]


def _rooted(item: Json) -> Json:
    metadata = {name: item["metadata"][name] for name in ("name", "generateName") if name in item["metadata"]}
    return {**item, "metadata": metadata}


def _given(schema: Json) -> list[Json]:
    return schema.get("x-kubernetes-validations") or []


def _transitional(rule: str) -> bool:
    return _OLD_SELF.search(_LITERALS.sub("", rule)) is not None


def _rule(given: Json, where: str, *, correlated: bool) -> _Rule:
    text = given["rule"]
    transition = _transitional(text)
    if transition and not correlated:
        raise BadRule(f"{where}: oldSelf cannot be used inside a list that has no keys: {text}")
    if given.get("optionalOldSelf"):
        raise BadRule(f"{where}: optionalOldSelf is not served: {text}")
    expression = given.get("messageExpression")
    try:
        return _Rule(
            expression=compile_expression(text),
            message=given.get("message") or f"failed rule: {text}",
            message_expression=compile_expression(expression) if expression else None,
            reason=given.get("reason") or "FieldValueInvalid",
            field_path=given.get("fieldPath", ""),
            transition=transition,
        )
    except CelError as error:
        raise BadRule(f"{where}: {error}") from error


def _joined(rules: Sequence[Json]) -> Expression | None:
    if not rules:
        return None
    try:
        return compile_expression(" && ".join(f"({given['rule']})" for given in rules))
    except CelError as error:
        raise BadRule(str(error)) from error


def _message(rule: _Rule, asked: Any) -> str:
    if rule.message_expression is not None:
        text = rule.message_expression.value(asked)
        if isinstance(text, str) and text.strip() and not text.startswith("error:"):
            return text
    outcome = rule.expression.value(asked)
    if isinstance(outcome, str) and outcome.startswith("error:"):
        return f"rule evaluation error: {outcome.removeprefix('error: ')}"
    return rule.message


def _below(path: Path, field_path: str) -> Path:
    for step in field_path.strip(".").split("."):
        if step:
            path = (path, step)
    return path


def _child(schema: Json, where: str, *, correlated: bool, escaped: bool) -> RuleNode | None:
    node = RuleNode(schema, where, correlated=correlated, escaped=escaped)
    return None if node.empty else node


def _children(properties: Mapping[str, Json], where: str, *, correlated: bool, escaped: bool) -> dict[str, RuleNode]:
    found: dict[str, RuleNode] = {}
    for name, schema in properties.items():
        node = _child(schema, f"{where}.{name}".lstrip("."), correlated=correlated, escaped=escaped)
        if node is not None:
            found[name] = node
    return found


def _view(schema: Json) -> View | None:
    """What a rule sees of a value: the value itself, but for fields whose names are words of CEL.

    Such a field has a second name, ``__namespace__``.
    """
    properties: Mapping[str, Json] = schema.get("properties") or {}
    inner = {name: view for name, child in properties.items() if (view := _view(child)) is not None}
    renamed = {name: f"__{name}__" for name in properties if name in _RESERVED}
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
