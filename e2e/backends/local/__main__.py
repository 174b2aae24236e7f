"""The local cluster for people who want to look: ``python -m e2e.backends.local up``."""

import subprocess
import sys
from pathlib import Path

import click

from e2e.backends.local import place, programs, requirements
from e2e.backends.local.cluster import LocalCluster

PREFIX = click.option("--prefix", default="spider", show_default=True, help="Tells clusters apart.")
PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def _attach(prefix: str) -> LocalCluster:
    try:
        return LocalCluster.attach(prefix)
    except LookupError as error:
        raise click.ClickException(f"{error}; `up` makes one") from None


@click.group()
def main() -> None:
    """A real Kubernetes cluster on this machine, without Docker."""


@main.command()
@PREFIX
@click.option("--nodes", default=2, show_default=True, type=click.IntRange(1, 15))
@click.option("--root", type=click.Path(path_type=Path), help="Disks, keys and logs [build/local/<prefix>].")
@click.option("--conflist", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The pod network.")
@click.option("--plugin", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="CNI plugin `spiderpool`.")
def up(prefix: str, nodes: int, root: Path | None, conflist: Path | None, plugin: Path | None) -> None:
    """Start a cluster; it stays until `down`."""
    missing = requirements.missing()
    if missing:
        raise click.ClickException("\n".join(map(str, missing)))
    text = conflist.read_text() if conflist else None
    root = root or programs.REPOSITORY / "build" / "local" / prefix
    cluster = LocalCluster(root, prefix, nodes, conflist=text, plugin=plugin)
    try:
        cluster.up()
    except place.ClusterInUseError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"KUBECONFIG={cluster.kubeconfig}  (reachable from: {' '.join(cluster.fabric_command([]))})")


@main.command()
@PREFIX
def down(prefix: str) -> None:
    """Remove a cluster."""
    _remove(_attach(prefix))


@main.command()
def clean() -> None:
    """Remove every cluster and leftover that no running process owns."""
    for prefix in place.prefixes():
        try:
            _remove(LocalCluster.attach(prefix))
        except LookupError:
            place.Place(prefix).remove()
    place.remove_mount_points()


def _remove(cluster: LocalCluster) -> None:
    try:
        cluster.down()
    except place.ClusterInUseError as error:
        click.echo(str(error), err=True)
    else:
        click.echo(f"cluster {cluster.place.prefix!r} removed")


@main.command()
@PREFIX
def status(prefix: str) -> None:
    """Nodes, and the processes of the control plane."""
    cluster = _attach(prefix)
    for name in cluster.processes.names():
        click.echo(f"{name:26} {'runs' if cluster.processes.alive(name) else 'ended'}")
    if cluster.processes.alive("kube-apiserver"):
        click.echo(cluster.kubectl("get", "nodes", "-o", "wide"), nl=False)


@main.command(context_settings=PASS_ON)
@PREFIX
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def kubectl(prefix: str, args: tuple[str, ...]) -> None:
    """Run kubectl as administrator."""
    cluster = _attach(prefix)
    argv = [programs.locate().kube("kubectl"), f"--kubeconfig={cluster.kubeconfig}", *args]
    sys.exit(subprocess.run(cluster.fabric_command(argv), check=False).returncode)


@main.command(context_settings=PASS_ON)
@PREFIX
@click.argument("name")
@click.argument("args", nargs=-1, required=True, type=click.UNPROCESSED)
def node(prefix: str, name: str, args: tuple[str, ...]) -> None:
    """Run a command inside a node: node n1 ip addr."""
    cluster = _attach(prefix)
    if name not in cluster.nodes:
        raise click.ClickException(f"no node {name!r}; there are {', '.join(cluster.nodes)}")
    done = cluster.nodes[name].run(args, check=False)
    click.echo(done.output, nl=False)
    click.echo(done.error, nl=False, err=True)
    sys.exit(done.code if done.code >= 0 else 1)


@main.command()
def check() -> None:
    """Say what is missing here, if anything."""
    missing = requirements.missing()
    click.echo("\n".join(map(str, missing)) or "nothing is missing")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
