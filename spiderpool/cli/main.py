"""``spiderpoolctl``: what administrators ask about addresses and pools."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from spiderpool import __version__
from spiderpool.cli.commands import NothingFound, list_pools, show_addresses
from spiderpool.cli.output import FORMATS, Format, formatted
from spiderpool.cli.rows import CLAIM_COLUMNS, POOL_COLUMNS, Columns
from spiderpool.cli.target import target_of

if TYPE_CHECKING:
    from spiderpool.kube.port import Kube

Row = TypeVar("Row", bound=msgspec.Struct)
F = TypeVar("F", bound=Callable[..., Any])


def _options(command: F) -> F:
    """The options that every command with rows has."""
    form = click.option("-o", "--output", "form", type=click.Choice(FORMATS), default="table", help="how to show it")
    file = click.option(
        "--kubeconfig",
        envvar="KUBECONFIG",
        default=None,
        help="where the API server is; default: $KUBECONFIG, then ~/.kube/config",
    )
    return file(form(command))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Show addresses and pools of Spiderpool."""


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"spiderpoolctl {__version__}")


@main.group()
def ip() -> None:
    """Addresses."""


@ip.command("show")
@click.argument("target", required=False, metavar="[ADDRESS|POD]")
@_options
def ip_show(target: str | None, form: Format, kubeconfig: str | None) -> None:
    """Who has an address, or which addresses a pod has; without an argument all.

    A pod is POD or NAMESPACE/POD.
    """
    if target is not None:
        _check(target)
    rows = _ask(kubeconfig, lambda kube: show_addresses(kube, target))
    _print(rows, CLAIM_COLUMNS, form)


@main.group()
def pool() -> None:
    """Pools."""


@pool.command("list")
@_options
def pool_list(form: Format, kubeconfig: str | None) -> None:
    """All pools, and how full they are."""
    rows = _ask(kubeconfig, list_pools)
    _print(rows, POOL_COLUMNS, form)


def _own_kubeconfig() -> str | None:
    """The file that kubectl uses without being told; None where there is none, as inside a cluster."""
    file = Path.home() / ".kube" / "config"
    return str(file) if file.is_file() else None


def _check(target: str) -> None:
    """Refuse a wrong argument before anything is asked."""
    try:
        target_of(target)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _print(rows: Sequence[msgspec.Struct], columns: Columns, form: Format) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(formatted(rows, columns, form, width=width), nl=False)


def _ask(kubeconfig: str | None, command: Callable[["Kube"], Awaitable[list[Row]]]) -> list[Row]:
    """Run a command against the API server; what goes wrong becomes one line for people and exit code 1."""
    from spiderpool.kube.auth import NotConfigured  # noqa: PLC0415  aiohttp takes a third of a second to load
    from spiderpool.kube.errors import KubeError  # noqa: PLC0415  as above
    from spiderpool.kube.http import connect  # noqa: PLC0415  as above

    async def asked() -> list[Row]:
        kube = await connect(kubeconfig or _own_kubeconfig(), user_agent=f"spiderpoolctl/{__version__}")
        try:
            return await command(kube)
        finally:
            await kube.close()

    try:
        return asyncio.run(asked())
    except NotConfigured as error:
        raise click.ClickException(f"{error}; name a kubeconfig file with --kubeconfig") from None
    except KubeError as error:
        raise click.ClickException(f"the API server did not answer as hoped: {error}") from None
    except NothingFound as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
