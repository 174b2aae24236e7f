"""The figures for people, as a table, and for programs, as JSON."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from e2e.benchmarks.figure import Figure

HEAD = ("figure", "value", "floor", "ratio", "goal", "", "load", "note")


def number(value: float | None) -> str:
    """Three digits that count, and no more; nothing for nothing."""
    if value is None:
        return ""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def row(figure: Figure) -> tuple[str, ...]:
    """The cells of one figure."""
    return (
        figure.name,
        f"{number(figure.value)} {figure.unit}".strip(),
        number(figure.floor),
        number(figure.ratio),
        str(figure.goal or ""),
        figure.verdict,
        f"{figure.load:.1f}",
        figure.note,
    )


def lines(figures: Iterable[Figure]) -> list[str]:
    """An aligned table with its head."""
    rows: list[Sequence[str]] = [HEAD, *(row(figure) for figure in figures)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]


def write_json(file: Path, figures: Iterable[Figure]) -> None:
    """Write the figures; those of an earlier run that were not taken again stay."""
    taken = {figure.name: figure.to_json() for figure in figures}
    earlier = {each["name"]: each for each in json.loads(file.read_text())} if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(list({**earlier, **taken}.values()), indent=1, ensure_ascii=False) + "\n")
