"""``make bench``: takes the figures of docs/benchmarks.md, prints them as a table, writes them as JSON."""

import os
import platform
import signal
import sys
import time
from pathlib import Path

import click

from e2e.benchmarks.catalogue import BENCHMARKS
from e2e.benchmarks.figure import Benchmark, Figure, SkippedError, load_average
from e2e.benchmarks.table import lines, write_json

ROOT = Path(__file__).resolve().parents[2]


def _title(benchmark: Benchmark) -> str:
    return (benchmark.__doc__ or "").strip().partition("\n")[0]


def _machine() -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    python = f"Python {platform.python_version()}"
    return f"{when}  {os.cpu_count()} cores  Linux {platform.release()}  {python}  load {load_average():.1f}"


def _listed(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's form
    if wanted:
        for name, benchmark in BENCHMARKS.items():
            click.echo(f"{name:16} {_title(benchmark)}")
        context.exit()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHMARKS)), help="These; all without it.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_listed, help="Say what there is.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build/bench.json", help="The JSON file.")
def main(names: tuple[str, ...], out: Path) -> None:
    """Take figures. What cannot be taken on this machine is skipped with the reason; slowness is no failure."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was started is ended
    click.echo(_machine())
    taken: list[Figure] = []
    skipped: list[str] = []
    for name in names or tuple(BENCHMARKS):
        click.echo(f"── {name}: {_title(BENCHMARKS[name])}")
        try:
            for figure in BENCHMARKS[name]():
                taken.append(figure)
                click.echo(f"   {lines([figure])[1]}")
        except SkippedError as reason:
            skipped.append(f"{name}: {reason}")
            click.echo(f"   skipped: {reason}")
        write_json(out, taken)
    click.echo("\n" + "\n".join(lines(taken)))
    for line in skipped:
        click.echo(f"skipped: {line}")


if __name__ == "__main__":
    main()
