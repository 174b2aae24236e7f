"""A rule with variables in the place of what is written down, each as long as what it stands for.

The library compiles only what fits; where a literal does not, there is no tree to look at. With variables that can be
anything there is one, and every part keeps its place in the text.
"""

import re
from collections.abc import Mapping

from simulator.kube.server.custom.value_shapes import Shape

_LITERAL = re.compile(
    r"""(?<![\w.])(?:
      (?P<bytes>[rR]?[bB][rR]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    | (?P<string>[rR]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    | (?P<double>\d+\.\d+(?:[eE][+-]?\d+)?)
    | (?P<uint>\d+[uU])
    | (?P<int>\d+)
    )""",
    re.VERBOSE,
)


def without_literals(text: str) -> tuple[str, Mapping[str, Shape]]:
    """The rule, and the variables in it that stand for something, with its type."""
    found: dict[str, Shape] = {}

    def blank(literal: re.Match[str]) -> str:
        kind = literal.lastgroup or ""
        name = kind[0].upper() + "_" * (len(literal[0]) - 1)
        found[name] = Shape(kind=kind)
        return name

    return _LITERAL.sub(blank, text), found
