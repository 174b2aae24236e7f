"""Faults of single CNI calls on a real node: for their time, a script stands in for the IPAM plugin.

The script hands every call on to the real plugin beside it, except the one that the fault is about. A pod's own DEL
names its network namespace; the DELs that the kubelet's garbage collection sends up to a minute later do not, and one
of an earlier scenario's pod must not be taken for the one that is to be lost.

A slow ADD is the real plugin with its stdin held back: it has started, so its time stamp is older than the DEL that
overtakes it, and it is a child of the main plugin, which the runtime kills meanwhile.
"""

import signal

from e2e.backends.local.node import KUBELET, Node

NAME = "spiderpool"
REAL = ".spiderpool.real"
SLOW_SECONDS = 6
STATE = "fault"

LOSE_DEL = f"""#!/bin/sh
# Answers DEL with success, and does nothing, for the first container whose own DEL comes by.
real=${{0%/*}}/{REAL} lost=/var/lib/cni/{STATE}/lost
[ "$CNI_COMMAND" = DEL ] || exec "$real"
[ -n "$CNI_NETNS" ] && (set -C; echo "$CNI_CONTAINERID" >"$lost") 2>/dev/null
[ "$(cat "$lost" 2>/dev/null)" = "$CNI_CONTAINERID" ] || exec "$real"
"""
SLOW_ADD = f"""#!/bin/sh
# Holds back the stdin of the first ADD; the plugin itself starts at once.
real=${{0%/*}}/{REAL} slow=/var/lib/cni/{STATE}/slow pipe=/var/lib/cni/{STATE}/pipe
[ "$CNI_COMMAND" = ADD ] && (set -C; echo "$CNI_CONTAINERID" >"$slow") 2>/dev/null || exec "$real"
stdin=$(cat)
mkfifo "$pipe"
(sleep {SLOW_SECONDS}; printf %s "$stdin") >"$pipe" 2>/dev/null &
exec "$real" <"$pipe"
"""


class PluginFaults:
    """The IPAM plugin of one node: there, missing, or behind a script that makes a fault."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._plugins = node.folder / "cni-bin"
        self._state = node.folder / "cni-state" / STATE

    def remove(self) -> None:
        """Take the executable away, as long as an upgrade that went wrong would."""
        self.restore()
        (self._plugins / NAME).rename(self._plugins / REAL)

    def lose_next_del(self) -> None:
        """From now on, the first container that is taken down gets no IPAM DEL, not even a late one."""
        self._stand_in(LOSE_DEL)

    def slow_next_add(self) -> None:
        """From now on, the first ADD is held back for ``SLOW_SECONDS``; ``slow_add_has_begun`` tells when."""
        self._stand_in(SLOW_ADD)

    def restore(self) -> None:
        """The real plugin is back; no fault is under way for calls to come."""
        if (self._plugins / REAL).exists():
            (self._plugins / REAL).replace(self._plugins / NAME)

    def slow_add_has_begun(self) -> bool:
        """Whether an ADD is held back by now."""
        return (self._state / "slow").exists()

    def give_up_add(self) -> None:
        """Make the runtime give up the ADD that is under way: a kubelet that dies takes its calls with it. The kubelet
        starts again, as its unit would.
        """
        self._node.kill(KUBELET, signal.SIGKILL)
        self._node.restart(KUBELET)

    def _stand_in(self, script: str) -> None:
        self.restore()
        self._state.mkdir(exist_ok=True)
        for file in self._state.iterdir():
            file.unlink()
        (self._plugins / REAL).hardlink_to(self._plugins / NAME)  # there is no instant without a plugin
        part = self._plugins / f".{NAME}.part"
        part.write_text(script, encoding="ascii")
        part.chmod(0o755)
        part.replace(self._plugins / NAME)
