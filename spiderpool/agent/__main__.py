"""``spiderpool-agent``: the composition root of the node service. It makes the real ports and starts the agent."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import click

from spiderpool import __version__
from spiderpool.agent.http import health_and_metrics, served, served_on_port
from spiderpool.agent.parts import AgentPorts
from spiderpool.agent.service import Agent
from spiderpool.agent.settings import AgentSettings
from spiderpool.host.disk import RealDisk
from spiderpool.host.identity import read_identity
from spiderpool.host.netlink import NetlinkHost
from spiderpool.kube.http import connect
from spiderpool.observe.prometheus import PrometheusTelemetry
from spiderpool.ports.settings import SettingsError, from_environment
from spiderpool.ports.system import SystemClock, SystemEntropy


async def _serve(settings: AgentSettings, kubeconfig: str | None) -> None:
    clock = SystemClock()
    telemetry = PrometheusTelemetry("spiderpool", sys.stderr, clock=clock, level=settings.log_level)
    kube = await connect(kubeconfig, user_agent=f"spiderpool-agent/{__version__} {settings.node_name}")
    agent = Agent(
        AgentPorts(
            kube=kube,
            clock=clock,
            entropy=SystemEntropy(),
            host=NetlinkHost(),
            disk=RealDisk(),
            node=read_identity(settings.node_name),
            telemetry=telemetry,
            settings=settings,
        )
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(kube.close)
        watched = health_and_metrics(agent.handle, telemetry.exposition)
        ports = [settings.health_port] + ([settings.metric_http_port] if settings.enabled_metric else [])
        for port in dict.fromkeys(ports):
            await stack.enter_async_context(served_on_port(watched, port))
        await stack.enter_async_context(served(agent.handle, socket_path=settings.ipam_unix_socket_path))
        await _until_stopped(agent)


async def _until_stopped(agent: Agent) -> None:
    """Run the agent until SIGTERM or SIGINT."""
    working = asyncio.create_task(agent.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kubeconfig", metavar="FILE", help="How to reach the API server; in a pod the service account is used.")
@click.option("--config-path", metavar="FILE", help="Settings as YAML; the environment wins over it.")
@click.version_option(__version__, prog_name="spiderpool-agent")
def main(kubeconfig: str | None, config_path: str | None) -> None:
    """Give addresses to the pods of this node. Settings come from SPIDERPOOL_* variables (docs/settings.md)."""
    try:
        file = Path(config_path).read_text(encoding="utf-8") if config_path else ""
        settings = from_environment(AgentSettings, os.environ, file)
    except (SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from None
    asyncio.run(_serve(settings, kubeconfig))


if __name__ == "__main__":
    main()
