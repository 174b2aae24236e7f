"""``spidersim``: simulate a cluster on a laptop.

A command is loaded when it is asked for: who starts a server does not wait for what plays whole worlds.
"""

import gc
import importlib
from collections.abc import Mapping

import click

_COMMANDS: Mapping[str, str] = {
    "demo": "simulator.plays:demo",
    "run": "simulator.plays:run_scenario",
    "seeds": "simulator.plays:seeds",
    "up": "simulator.up:up",
}


class _Commands(click.Group):
    """A group whose commands are names until they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; ``None`` where there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        gc.disable()  # what is loaded is kept; looking it through again and again takes a tenth of the time
        command: click.Command = getattr(importlib.import_module(module), name)
        gc.freeze()
        gc.enable()
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Simulate a Kubernetes cluster that runs Spiderpool's own code, on virtual time."""


if __name__ == "__main__":
    main()
