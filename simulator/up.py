"""``spidersim up``: a cluster that kubectl and any controller can talk to, for as long as the command runs.

The first line of its output says what to type next, ``ready <url>`` says that it serves, and SIGTERM or Ctrl-C ends it.
"""

import asyncio
import base64
import contextlib
import secrets  # noqa: TID251  a token that nobody else on this machine may guess
import signal
import time
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml

from simulator.face.certificates import self_made
from simulator.face.cluster import ServedCluster
from simulator.face.http_face import HttpFace
from simulator.face.identity import Identities
from simulator.face.scaled_time import ScaledLoop
from simulator.face.serving import ADDRESS, serve
from simulator.kube.server.access.users import AUTHENTICATED, MASTERS, Identity

Json = dict[str, Any]
NODES_MAX = 1_000


class _Draws:
    """What nobody has to repeat."""

    def below(self, bound: int) -> int:
        return secrets.randbelow(bound)


def kubeconfig(url: str, certificate: bytes, token: str) -> str:
    """The text of a kubeconfig for one administrator."""
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(certificate).decode()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "spidersim",
            "clusters": [{"name": "spidersim", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "spidersim", "context": {"cluster": "spidersim", "user": "admin"}}],
        },
        sort_keys=False,
    )


def read_image(path: Path) -> Json:
    """A cluster that was saved.

    Raises:
        BadParameter: the file is none.
    """
    try:
        image: Json = msgspec.json.decode(path.read_bytes())
        if not isinstance(image["revision"], int) or not isinstance(image["tables"], list):
            raise TypeError("revision and tables are missing")
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{str(path)!r} is no saved cluster ({error}); give a file that --save has written"
        raise click.BadParameter(problem, param_hint="--load") from None
    return image


@click.command()
@click.option("--nodes", type=click.IntRange(0, NODES_MAX), default=3, show_default=True, help="How many nodes.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port on loopback; 0 picks a free one.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 600.0),
    default=1.0,
    show_default=True,
    help="Seconds of the cluster in one real second.",
)
@click.option(
    "--kubeconfig",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("spidersim.kubeconfig"),
    show_default=True,
    help="Where to write how clients reach it.",
)
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), help="Keep what it holds in a file at the end."
)
@click.option("--load", type=click.Path(path_type=Path, dir_okay=False), help="Begin with what a file holds.")
@click.option("--seed", type=int, default=7, show_default=True, help="Decides what is drawn.")
def up(nodes: int, port: int, speed: float, file: Path, save: Path | None, load: Path | None, seed: int) -> None:
    """Start a cluster and serve it to kubectl until it is stopped."""
    image = read_image(load) if load is not None else None
    click.echo(f"kubectl --kubeconfig {file} get nodes")
    loop = ScaledLoop(speed)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_serve(loop, nodes=nodes, port=port, file=file, save=save, image=image, seed=seed))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


async def _serve(
    loop: ScaledLoop, *, nodes: int, port: int, file: Path, save: Path | None, image: Json | None, seed: int
) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    began = time.time()  # noqa: TID251  the cluster's time begins now
    token = secrets.token_urlsafe(24)
    admin = Identity(user="admin", uid="admin", groups=(MASTERS, AUTHENTICATED))
    identities = Identities({token: admin})
    certificate = self_made(ADDRESS, began)
    cluster = ServedCluster(wall_start=began, seed=seed, identities=identities)
    face = HttpFace(cluster.server, identities, _Draws())
    async with contextlib.AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serve(face, port=port, certificate=certificate, speed=loop.speed))
        except OSError as error:
            problem = f"{port} cannot be listened on ({error.strerror}); give a free port, or 0 to pick one"
            raise click.BadParameter(problem, param_hint="--port") from None
        _write(file, kubeconfig(url, certificate.certificate, token))
        if image is not None:
            cluster.load(image)
        click.echo(f"ready {url}")
        await cluster.start(nodes=nodes)
        await over.wait()
        if save is not None:
            _keep(save, cluster.save())
        await cluster.stop()
    click.echo("stopped")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"{str(file)!r} cannot be written ({error.strerror}); give another file"
        raise click.BadParameter(problem, param_hint="--kubeconfig") from None


def _keep(file: Path, image: Json) -> None:
    """Write the whole state or nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.new")
        draft.write_bytes(msgspec.json.encode(image))
        draft.replace(file)
    except OSError as error:
        problem = f"{str(file)!r} cannot be written ({error.strerror}), so nothing was saved; give another file"
        raise click.BadParameter(problem, param_hint="--save") from None
