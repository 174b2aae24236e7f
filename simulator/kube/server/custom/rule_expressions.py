"""What is wrong with the expressions of a rule: they cannot be compiled, do not fit the schema, or cost too much."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from simulator.kube.server.custom.cel import RULE_VARIABLES, CelError, result_type, syntax_tree, type_of_schema
from simulator.kube.server.custom.literal_blanks import without_literals
from simulator.kube.server.custom.rule_budget import Budget
from simulator.kube.server.custom.rule_types import NO_OVERLOAD, cannot_be, checked, told
from simulator.kube.server.custom.rules import speaks_of_change
from simulator.kube.server.custom.value_shapes import Shape
from simulator.kube.server.field_errors import InOrder, invalid_value
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]


class RulePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule stands.

    Attributes:
        path: of the rule.
        shape: of the values that it is asked of.
        times: how many there can be; ``None``: nothing limits them.
        uncorrelated: the place below which before and after cannot be told apart; empty: they can.
        budget: out of which it is paid.
    """

    path: str
    shape: Shape
    times: int | None
    uncorrelated: str
    budget: Budget


def expression_faults(rule: Json, schema: Json, place: RulePlace) -> Iterator[Cause]:
    """What is wrong with a rule of a schema."""
    text, path, optional = rule["rule"], place.path, rule.get("optionalOldSelf")
    try:
        if _can_be("bool", text, schema, place.shape, optional=bool(optional)):
            yield from place.budget.rule(rule, place.shape, place.times, path)
        else:
            yield invalid_value(f"{path}.rule", _shown(rule), "cel expression must evaluate to a bool")
    except CelError as error:
        yield invalid_value(f"{path}.rule", _shown(rule), f"compilation failed: {error}")
        return
    if rule.get("messageExpression"):
        yield from _message_faults(rule, schema, place)
    if speaks_of_change(text):
        if place.uncorrelated:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {place.uncorrelated}"
            yield invalid_value(f"{path}.rule", text, detail)
    elif optional is not None:
        yield invalid_value(f"{path}.optionalOldSelf", optional, "may not be set if oldSelf is not used in rule")


def _message_faults(rule: Json, schema: Json, place: RulePlace) -> Iterator[Cause]:
    expression, optional = rule["messageExpression"], bool(rule.get("optionalOldSelf"))
    path = f"{place.path}.messageExpression"
    try:
        if _can_be("string", expression, schema, place.shape, optional=optional):
            yield from place.budget.message(expression, place.shape, place.path)
        else:
            yield invalid_value(path, _shown(rule), "messageExpression must evaluate to a string")
    except CelError as error:
        yield invalid_value(path, _shown(rule), f"messageExpression compilation failed: {error}")


def _can_be(kind: str, text: str, schema: Json, shape: Shape, *, optional: bool) -> bool:
    """Whether the value of an expression can be of a type.

    Raises:
        CelError: it cannot be compiled, or does not fit the schema.
    """
    variables = {"self": shape, "oldSelf": Shape(kind="optional", item=shape) if optional else shape}
    try:
        found = result_type(text, type_of_schema(schema), optional=optional).lower()
    except CelError as error:
        if NO_OVERLOAD not in str(error):
            raise
        raise CelError(_told_better(text, variables, str(error))) from error
    types = checked(syntax_tree(text), variables)
    if types.faults:
        raise CelError(told(text, types.faults))
    return not cannot_be(types.type, kind) if found == "dyn" else found == kind


def _told_better(text: str, variables: Mapping[str, Shape], message: str) -> str:
    """What the library says of arguments that do not fit, with the types that it does not know."""
    blank, literals = without_literals(text)
    try:
        tree = syntax_tree(blank, (*RULE_VARIABLES, *literals))
    except CelError:
        return message
    faults = checked(tree, {**variables, **literals}).faults
    return told(text, faults) or message


def _shown(rule: Json) -> InOrder:
    """A rule as the server shows it whole."""
    return InOrder(
        Rule=rule.get("rule") or "",
        Message=rule.get("message") or "",
        MessageExpression=rule.get("messageExpression") or "",
        Reason=rule.get("reason"),
        FieldPath=rule.get("fieldPath") or "",
        OptionalOldSelf=rule.get("optionalOldSelf"),
    )
