"""What the rules of a definition may cost: each by itself, and all rules of a schema together.

A rule is reckoned as dear as it can become (``rule_costs.py``), as many times as there can be values that it is asked of.
Source: ``k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.kube.server.custom.cel import syntax_tree
from simulator.kube.server.custom.cost_units import MOST
from simulator.kube.server.custom.rule_costs import most_it_costs
from simulator.kube.server.custom.value_shapes import LARGEST_REQUEST_BYTES, Shape
from simulator.kube.server.field_errors import forbidden_field
from simulator.kube.server.refusals import Cause

_RULE_MOST, _SCHEMA_MOST = 10_000_000, 100_000_000
_DEAR, _DEAR_SHOWN = _SCHEMA_MOST // 100, 4
_REMEDY = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)


class Budget:
    """What the rules of one schema cost so far."""

    def __init__(self, *, known: bool) -> None:
        """``known``: the schema is the one that is stored, whose rules were accepted before one by one."""
        self._known = known
        self._total = 0
        self._dear: list[tuple[int, str]] = []

    def rule(self, rule: Mapping[str, Any], shape: Shape, times: int | None, path: str) -> Iterator[Cause]:
        """Add a rule.

        Args:
            rule: one that can be compiled.
            shape: of the values that it is asked of.
            times: how many there can be; ``None``: nothing limits them but the largest request.
            path: of the rule.
        """
        old = Shape(kind="optional", item=shape) if rule.get("optionalOldSelf") else shape
        variables = {"self": shape, "oldSelf": old}
        if times is None:
            times = LARGEST_REQUEST_BYTES // (shape.least_bytes + 1)
        cost = min(MOST, most_it_costs(syntax_tree(rule["rule"]), variables) * times)
        yield from self._add(cost, "estimated rule cost", f"{path}.rule")

    def message(self, expression: str, shape: Shape, path: str) -> Iterator[Cause]:
        """Add the expression of a message, which is worked out once."""
        cost = most_it_costs(syntax_tree(expression), {"self": shape, "oldSelf": shape})
        yield from self._add(cost, "estimated messageExpression cost", f"{path}.messageExpression")

    def _add(self, cost: int, name: str, path: str) -> Iterator[Cause]:
        self._total = min(MOST, self._total + cost)
        if cost >= _DEAR:
            self._dear = sorted([*self._dear, (cost, path)], key=lambda one: -one[0])[:_DEAR_SHOWN]
        if cost > _RULE_MOST and not self._known:
            yield forbidden_field(path, _exceeds(name, cost, _RULE_MOST))

    def faults(self, path: str) -> Iterator[Cause]:
        """What is wrong with all rules together; ``path`` is the place of the schema."""
        if self._total <= _SCHEMA_MOST:
            return
        detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        for _, place in self._dear:
            yield forbidden_field(place, detail)
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        yield forbidden_field(path, _exceeds(name, self._total, _SCHEMA_MOST))


def _exceeds(name: str, cost: int, most: int) -> str:
    times = cost / most
    shown = f"{times:.6f}x" if times < 1.5 else f"{times:.1f}x"
    return f"{name} exceeds budget by factor of {'more than 100x' if times > 100 else shown} {_REMEDY}"
