"""The CNI calls of one runtime: environment, chain of plugins, time limit, and what happens when the caller gives up.

A ``Context`` is what the runtime's request context is in a real one: it ends at a deadline or when the client's
connection breaks. Either kills the *main* plugin that runs at that moment, never the main plugin's children.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from simulator.kube.node.conflist import BIN_DIR, Conflist, load
from simulator.kube.node.machine import Machine
from simulator.kube.node.process import Process
from simulator.kube.node.sandboxes import Sandbox
from simulator.kube.ports import Choices

INTERFACE = "eth0"
_PERMUTATIONS = 120  # of the five CNI_ARGS


class CniError(Exception):
    """A plugin failed, was killed, or could not be started."""


class Context:
    """How long a request may go on. Ending it kills the plugin that runs on its behalf."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.ended = False
        self._running: Process | None = None

    def attach(self, process: Process) -> None:
        """The plugin that runs now."""
        self._running = process

    def end(self) -> None:
        """The client is gone, or the time is up."""
        self.ended = True
        if self._running is not None:
            self._running.kill()


class CniCalls:
    """Calls the plugins of the node's network, on behalf of one runtime process."""

    def __init__(self, machine: Machine, tape: Choices, process: Process) -> None:
        self._machine = machine
        self._tape = tape
        self._process = process

    async def network(self) -> Conflist:
        """The network as configured at this moment.

        Raises:
            NoNetwork: none is.
        """
        return await load(self._machine.disk)

    async def add(self, network: Conflist, sandbox: Sandbox, context: Context) -> Mapping[str, Any]:
        """Call ADD through the chain.

        Raises:
            CniError: a plugin failed or the context ended; nothing was undone yet.
        """
        result: Mapping[str, Any] | None = None
        for plugin in network.plugins:
            environ = self._environ("ADD", sandbox, sandbox.netns)
            result = await self._call(plugin, environ, network.stdin(plugin, result), context)
        return result or {}

    async def delete(self, network: Conflist, sandbox: Sandbox, context: Context) -> None:
        """Call DEL through the chain, backwards; without a namespace when that is gone.

        Raises:
            CniError: as for ADD.
        """
        netns = sandbox.netns if self._machine.netstack.inode(sandbox.netns) is not None else ""
        for plugin in reversed(network.plugins):
            environ = self._environ("DEL", sandbox, netns)
            await self._call(plugin, environ, network.stdin(plugin, sandbox.result), context)

    async def status(self, network: Conflist, context: Context) -> None:
        """Call STATUS of every plugin, if the network's version has it.

        Raises:
            CniError: a plugin says that it cannot serve ADDs.
        """
        for plugin in network.plugins if network.has_status else ():
            environ = {b"CNI_COMMAND": b"STATUS", b"CNI_PATH": BIN_DIR.encode()}
            await self._call(plugin, environ, network.stdin(plugin, None), context)

    def _environ(self, verb: str, sandbox: Sandbox, netns: str) -> dict[bytes, bytes]:
        arguments = [
            "IgnoreUnknown=1",
            f"K8S_POD_NAMESPACE={sandbox.namespace}",
            f"K8S_POD_NAME={sandbox.name}",
            f"K8S_POD_INFRA_CONTAINER_ID={sandbox.id}",
            f"K8S_POD_UID={sandbox.uid}",
        ]
        order = _permuted(arguments, self._tape.choose(f"runtime@{self._machine.name}/cni-args-order", _PERMUTATIONS))
        return {
            b"CNI_COMMAND": verb.encode(),
            b"CNI_CONTAINERID": sandbox.id.encode(),
            b"CNI_NETNS": netns.encode(),
            b"CNI_IFNAME": INTERFACE.encode(),
            b"CNI_ARGS": ";".join(order).encode(),
            b"CNI_PATH": BIN_DIR.encode(),
        }

    async def _call(
        self, plugin: Mapping[str, Any], environ: Mapping[bytes, bytes], stdin: bytes, context: Context
    ) -> Mapping[str, Any]:
        clock = self._machine.clock
        if context.ended:
            raise CniError("context canceled")
        try:
            child = self._machine.launch(plugin["type"], environ, stdin, self._process)
        except FileNotFoundError as error:
            raise CniError(str(error)) from error
        context.attach(child.process)
        try:
            async with clock.timeout(max(0.0, context.deadline - clock.monotonic())):
                result = await child.wait()
        except TimeoutError as error:
            context.end()
            raise CniError("context deadline exceeded: the plugin was killed") from error
        answer = _answer(result.stdout)
        if result.exit_code:
            raise CniError(str(answer.get("msg") or f"netplugin failed with exit code {result.exit_code}"))
        return answer


def container_id(machine: Machine, number: int, salt: int) -> tuple[str, str]:
    """A new container id (64 hex digits) and the path of its network namespace; unique over the cluster."""
    digits = sha256(f"{machine.name}/{machine.boot_id}/{number}/{salt}".encode()).hexdigest()
    more = sha256(digits.encode()).hexdigest()
    uuid = f"{more[:8]}-{more[8:12]}-4{more[13:16]}-a{more[17:20]}-{more[20:32]}"
    return digits, f"/var/run/netns/cni-{uuid}"


def _permuted(items: Sequence[str], choice: int) -> list[str]:
    left, order = list(items), []
    while left:
        choice, index = divmod(choice, len(left))
        order.append(left.pop(index))
    return order


def _answer(stdout: bytes) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(stdout) if stdout.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CniError(f"the plugin printed no JSON: {error}") from error
    return value if isinstance(value, dict) else {}
