"""``python -m spiderpool.plugin.build FILE``: the plugin as one executable file.

A container runtime starts one file, and at start every import and every line counts. So the modules of the plugin are
put together as syntax trees: imports between them, docstrings, annotations and what is only for the type checker fall
away. The file runs on any Python from 3.9 on; its first line names the host's interpreter where there is one, isolated
(``-I``), without ``site`` (``-S``) and without PYTHON* variables (``-E``), which also makes it start three times
faster.
"""

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

HOST_INTERPRETER = Path("/usr/bin/python3")
Constant = str | bytes | int | float
_MODULES = ("wire.py", "protocol.py", "__main__.py")
_OLDEST_PYTHON = (3, 9)
_HEADER = "# Made by spiderpool.plugin.build from spiderpool/plugin/: change it there.\n"


class _Lean(ast.NodeTransformer):
    """Leave out what only people and checkers read."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        _drop_docstring(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        _drop_docstring(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else ast.Assign(targets=[node.target], value=node.value)


def source(constants: Mapping[str, Constant] | None = None) -> str:
    """The plugin's text, without its first line.

    Args:
        constants: Other values for constants of its modules, for tests: a socket in a folder of their own, a deadline
            that passes soon.

    Raises:
        ValueError: no module has a constant of that name.
    """
    replacing = dict(constants or {})
    body: list[ast.stmt] = []
    for name in _MODULES:
        text = Path(__file__).with_name(name).read_text(encoding="utf-8")
        module = ast.parse(text, name, feature_version=_OLDEST_PYTHON)
        body += [_replaced(statement, replacing) for statement in module.body if _stays(statement)]
    if replacing:
        raise ValueError(f"the plugin has no constant {', '.join(sorted(replacing))}")
    tree = _Lean().visit(ast.Module(body=body, type_ignores=[]))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def write(path: Path, *, interpreter: Path | None = None, constants: Mapping[str, Constant] | None = None) -> None:
    """Write the executable file, whole or not at all.

    Args:
        path: The file; missing folders are made.
        interpreter: What the first line names; the host's Python where there is one, else the running one.
        constants: As for ``source``.
    """
    if interpreter is None:
        interpreter = HOST_INTERPRETER if HOST_INTERPRETER.exists() else Path(sys.executable)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(f"#!{interpreter} -ISE\n{_HEADER}{source(constants)}", encoding="utf-8")
    temporary.chmod(0o755)
    temporary.replace(path)


def _stays(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.ImportFrom():
            return False
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return False
        case ast.Assign(targets=[ast.Name(id="TYPE_CHECKING")]):
            return False
        case _:
            return True


def _replaced(statement: ast.stmt, replacing: dict[str, Constant]) -> ast.stmt:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) if name in replacing:
            statement.value = ast.Constant(replacing.pop(name))
    return statement


def _drop_docstring(node: ast.FunctionDef | ast.ClassDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m spiderpool.plugin.build FILE")
    write(Path(sys.argv[1]))
