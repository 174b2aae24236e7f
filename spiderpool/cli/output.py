"""Rows as a table for people, or as JSON or YAML for programs."""

import io
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from spiderpool.cli.rows import Columns

Format = Literal["table", "json", "yaml"]
FORMATS: tuple[Format, ...] = ("table", "json", "yaml")
_PIPE_COLUMNS = 400  # a pipe has no width; nothing may be cut


def formatted(rows: Sequence[msgspec.Struct], columns: Columns, form: Format, *, width: int | None = None) -> str:
    """The rows as text that ends in a newline.

    Args:
        rows: in the order in which they are shown.
        columns: header and attribute of each column of the table.
        form: which.
        width: of the terminal in characters; None where there is none.
    """
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"
    if form == "yaml":
        import yaml  # noqa: PLC0415  only where it is asked for

        return yaml.safe_dump(msgspec.to_builtins(rows), sort_keys=False)
    return _table(rows, columns, width or _PIPE_COLUMNS)


def _table(rows: Sequence[msgspec.Struct], columns: Columns, width: int) -> str:
    from rich.console import Console  # noqa: PLC0415  a tenth of a second
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_edge=False)
    for header, _ in columns:
        table.add_column(header, no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(getattr(row, attribute)) for _, attribute in columns))
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, markup=False, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
