"""``spiderpool-controller``: makes the ports, binds the sockets, runs the service until it is told to stop."""

import argparse
import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from spiderpool.controller.certificates import BadSecret, KeyPair, issue, shared_authority
from spiderpool.controller.http import HttpServer, tls_context
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.service import COMPONENT, Controller
from spiderpool.controller.settings import ControllerSettings
from spiderpool.controller.webhooks import SERVICE_NAME, WebhookAddress
from spiderpool.kube.auth import NotConfigured
from spiderpool.kube.errors import KubeError
from spiderpool.kube.http import connect
from spiderpool.kube.port import Kube
from spiderpool.observe.prometheus import PrometheusTelemetry
from spiderpool.ports.entropy import token
from spiderpool.ports.settings import SettingsError, from_environment
from spiderpool.ports.system import SystemClock, SystemEntropy

RETRY_SECONDS: Final = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the controller; the exit code is 0 after SIGTERM or SIGINT, 2 where it cannot start."""
    parsed = _parser().parse_args(arguments)
    try:
        file = Path(parsed.config_path).read_text(encoding="utf-8") if parsed.config_path else ""
        settings = from_environment(ControllerSettings, os.environ, file)
        asyncio.run(_serve(settings, parsed.kubeconfig, parsed.webhook_url))
    except (SettingsError, NotConfigured, BadSecret, OSError) as error:
        print(f"spiderpool-controller: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spiderpool-controller", description=__doc__)
    parser.add_argument("--kubeconfig", default=None, help="file that says where the API server is; else in-cluster")
    parser.add_argument("--webhook-url", default="", help="base URL by which the API server reaches the webhooks")
    parser.add_argument("--config-path", default="", help="YAML file of settings; SPIDERPOOL_* variables win over it")
    return parser


async def _serve(settings: ControllerSettings, kubeconfig: str | None, webhook_url: str) -> None:
    clock = SystemClock()
    telemetry = PrometheusTelemetry("spiderpool", sys.stderr, clock=clock, level=settings.log_level)
    kube = await connect(kubeconfig, user_agent=COMPONENT)
    servers: list[HttpServer] = []
    try:
        authority = await _authority(kube, settings, clock, telemetry)
        address = WebhookAddress(url=webhook_url, namespace=settings.pod_namespace, authority=authority.certificate)
        entropy = SystemEntropy()
        ports = ControllerPorts(
            kube=kube,
            clock=clock,
            entropy=entropy,
            telemetry=telemetry,
            settings=settings,
            identity=f"{settings.pod_name or socket.gethostname()}_{token(entropy)}",
            webhooks=address,
            exposition=telemetry.exposition if settings.enabled_metric else None,
        )
        controller = Controller(ports)
        serving = tls_context(issue(authority, _hosts(settings, webhook_url), clock.now()))
        for port, context in _sockets(settings, serving).items():
            servers.append(HttpServer(controller.handle, telemetry))
            await servers[-1].listen(port, tls=context)
        telemetry.log("info", "started", identity=ports.identity)
        await _until_told(controller)
    finally:
        for server in servers:
            await server.close()
        await kube.close()


def _sockets(settings: ControllerSettings, serving: ssl.SSLContext) -> dict[int, ssl.SSLContext | None]:
    """Port to TLS or not; metrics may share the port of the probes."""
    sockets: dict[int, ssl.SSLContext | None] = {settings.health_port: None}
    if settings.enabled_metric:
        sockets[settings.metric_http_port] = None
    return {**sockets, settings.webhook_port: serving}


def _hosts(settings: ControllerSettings, webhook_url: str) -> list[str]:
    """The names that the serving certificate must cover."""
    service = f"{SERVICE_NAME}.{settings.pod_namespace}.svc"
    by_url = urlsplit(webhook_url).hostname
    return [*([by_url] if by_url else []), SERVICE_NAME, service, f"{service}.cluster.local"]


async def _authority(
    kube: Kube, settings: ControllerSettings, clock: SystemClock, telemetry: PrometheusTelemetry
) -> KeyPair:
    """The shared authority, as soon as the API server can be asked."""
    while True:
        try:
            return await shared_authority(kube, settings.pod_namespace, clock.now())
        except KubeError as error:
            telemetry.log("warning", "no certificate authority yet", error=str(error))
            await clock.sleep(RETRY_SECONDS)


async def _until_told(controller: Controller) -> None:
    """Run until SIGTERM or SIGINT; what stops by itself has failed."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    work = asyncio.ensure_future(controller.run())
    work.add_done_callback(lambda _: told.set())
    await told.wait()
    if work.done():
        work.result()
        return
    work.cancel()
    await asyncio.wait([work])


if __name__ == "__main__":
    sys.exit(main())
