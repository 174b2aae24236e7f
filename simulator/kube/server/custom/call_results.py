"""What the library says of a function that is given values of some types, without the values."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from cel_expr_python import cel

from simulator.kube.server.custom.cel import make_environment

_KINDS = ("bool", "int", "uint", "double", "string", "bytes", "duration", "timestamp", "null", "dyn")


@cache
def _checking_environment() -> Any:
    """An environment with a variable of each type."""
    variables = {f"a_{kind}": getattr(cel.Type, kind.upper()) for kind in _KINDS}
    variables |= {f"a_list_{kind}": cel.Type.List(getattr(cel.Type, kind.upper())) for kind in _KINDS}
    variables |= {f"a_map_{kind}": cel.Type.Map(cel.Type.STRING, getattr(cel.Type, kind.upper())) for kind in _KINDS}
    return make_environment(variables)


def call_result(function: str, target: str | None, arguments: Sequence[str]) -> Any:
    """The library's type of what a function gives for arguments of some types; ``None``: it does not take them.

    Args:
        function: its name, or the operator's (``_+_``).
        target: the type of what a member function is called on.
        arguments: the types of the others: ``int``, ``list:string``, ``map:dyn``.
    """
    names = [f"a_{kind.replace(':', '_')}" for kind in ([target] if target else []) + list(arguments)]
    try:
        return _checking_environment().compile(_written_call(function, names, member=target is not None)).return_type()
    except RuntimeError:
        return None


def _written_call(function: str, names: Sequence[str], *, member: bool) -> str:
    if member:
        return f"{names[0]}.{function}({', '.join(names[1:])})"
    if function == "_?_:_":
        return f"{names[0]} ? {names[1]} : {names[2]}"
    if function == "_[_]":
        return f"{names[0]}[{names[1]}]"
    if function == "@in":
        return f"{names[0]} in {names[1]}"
    if function.startswith("_") and function.endswith("_"):
        return f"{names[0]} {function.strip('_')} {names[1]}"
    if function.endswith("_"):
        return f"{function.strip('_')}{names[0]}"
    return f"{function}({', '.join(names)})"
