"""How a function of the rule language is declared: its name, and for each kind of arguments an implementation.

Values that the language has no type for (an address, a quantity, a version) are maps with one member, which says what
they are, in a form in which equal values are equal.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cel_expr_python import cel

TEXT, TRUTH, WHOLE, NUMBER, ANY = cel.Type.STRING, cel.Type.BOOL, cel.Type.INT, cel.Type.DOUBLE, cel.Type.DYN
LIST, TEXTS, OBJECT = cel.Type.List(ANY), cel.Type.List(TEXT), cel.Type.Map(TEXT, ANY)
SCALARS = (TEXT, WHOLE, NUMBER, TRUTH, cel.Type.UINT, cel.Type.BYTES, cel.Type.DURATION, cel.Type.TIMESTAMP)

Overload = tuple[str, Any, list[Any], Callable[..., Any]]
"""``(function, result, arguments, implementation)``; a function whose name begins with a point is called on its first
argument."""


def declared(overloads: Iterable[Overload]) -> list[Any]:
    """The declarations of functions, each with all its overloads."""
    by_name: dict[str, list[Any]] = {}
    for number, (name, result, arguments, function) in enumerate(overloads):
        key = f"{name.strip('.').replace('.', '_')}_{number}"
        member = name.startswith(".")
        made = cel.Overload(key, result, arguments, is_member=member, impl=function)
        by_name.setdefault(name.removeprefix("."), []).append(made)
    return [cel.FunctionDecl(name, made) for name, made in by_name.items()]
