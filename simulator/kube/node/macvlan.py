"""The macvlan main plugin as a model: what it asks of the IPAM plugin, in which order, and what it leaves on the wire.

Copied from the behaviour of the real one, because its order decides which addresses are freed while still carried:

| verb | order |
|---|---|
| ADD | make the link (no address) -> IPAM ADD -> addresses and up -> print; a failure undoes in reverse: IPAM DEL, link |
| DEL | IPAM DEL **first**; if that fails, fail with the link in place; else, after a gap, remove the link |
| CHECK | IPAM CHECK -> the link carries what prevResult says |
| STATUS | IPAM STATUS |

The IPAM plugin is a child process with the same environment and stdin. Killing macvlan does not kill it.
"""

from hashlib import sha256
from typing import Any

import msgspec

from simulator.kube.node.machine import Exec, Executable, Machine, Result
from simulator.kube.node.netstack import NetError
from simulator.kube.ports import Choices, Span, draw

LINK_REMOVAL_SECONDS: Span = (0.002, 0.03)
VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]


class _PluginError(Exception):
    """Ends the plugin with a CNI error object."""

    def __init__(self, message: str, code: int = 999) -> None:
        super().__init__(message)
        self.code = code


def macvlan(machine: Machine, tape: Choices, link_removal: Span = LINK_REMOVAL_SECONDS) -> Executable:
    """The program for ``machine.binaries["macvlan"]``."""
    plugin = _Macvlan(machine, tape, link_removal)
    return plugin.main


class _Macvlan:
    def __init__(self, machine: Machine, tape: Choices, link_removal: Span) -> None:
        self._machine = machine
        self._tape = tape
        self._link_removal = link_removal

    async def main(self, request: Exec) -> Result:
        verb = request.environ.get(b"CNI_COMMAND", b"").decode()
        version = "1.0.0"
        try:
            config = msgspec.json.decode(request.stdin)
            version = config.get("cniVersion", version)
            verbs = {"ADD": self._add, "DEL": self._del, "CHECK": self._check, "STATUS": self._status}
            if verb == "VERSION":
                return _printed({"cniVersion": version, "supportedVersions": VERSIONS})
            if verb not in verbs:
                raise _PluginError(f"unknown CNI_COMMAND: {verb}", 4)
            return await verbs[verb](request, config)
        except (_PluginError, NetError) as error:
            code = error.code if isinstance(error, _PluginError) else 999
            return _printed({"cniVersion": version, "code": code, "msg": str(error)}, exit_code=1)

    async def _add(self, request: Exec, config: dict[str, Any]) -> Result:
        path, name = _netns(request), _interface(request)
        mac = _mac(request.environ.get(b"CNI_CONTAINERID", b"") + name.encode())
        self._machine.netstack.add_interface(path, name, mac=mac, underlay=config.get("master", ""))
        try:
            answer = await self._ipam(request, config, "ADD")
            try:
                return self._configure(path, name, mac, config, answer)
            except (_PluginError, NetError):
                await self._undo(request, config)
                raise
        except (_PluginError, NetError):
            self._machine.netstack.remove_interface(path, name)
            raise

    def _configure(self, path: str, name: str, mac: str, config: dict[str, Any], answer: dict[str, Any]) -> Result:
        ips = [{**ip, "interface": 0} for ip in answer.get("ips") or []]
        if not ips:
            raise _PluginError("IPAM plugin returned missing IP config")
        for ip in ips:
            self._machine.netstack.add_address(path, name, ip["address"])
        self._machine.netstack.set_up(path, name)
        result = {
            **answer,
            "cniVersion": config.get("cniVersion", "1.0.0"),
            "interfaces": [{"name": name, "mac": mac, "sandbox": path}],
            "ips": ips,
        }
        return _printed(result)

    async def _undo(self, request: Exec, config: dict[str, Any]) -> None:
        try:
            await self._ipam(request, config, "DEL")
        except _PluginError:
            return  # the runtime's own DEL comes next

    async def _del(self, request: Exec, config: dict[str, Any]) -> Result:
        await self._ipam(request, config, "DEL")
        path = request.environ.get(b"CNI_NETNS", b"").decode()
        if path:
            await self._machine.clock.sleep(
                draw(self._tape, f"macvlan@{self._machine.name}/link-removal", self._link_removal)
            )
            self._machine.netstack.remove_interface(path, _interface(request))
        return Result()

    async def _check(self, request: Exec, config: dict[str, Any]) -> Result:
        await self._ipam(request, config, "CHECK")
        carried = self._machine.netstack.addresses(_netns(request)) or {}
        here = carried.get(_interface(request), ())
        for ip in (config.get("prevResult") or {}).get("ips", []):
            if ip["address"] not in here:
                raise _PluginError(f"{ip['address']} is not on {_interface(request)}")
        return Result()

    async def _status(self, request: Exec, config: dict[str, Any]) -> Result:
        await self._ipam(request, config, "STATUS")
        return Result()

    async def _ipam(self, request: Exec, config: dict[str, Any], verb: str) -> dict[str, Any]:
        program = (config.get("ipam") or {}).get("type", "")
        if not program:
            raise _PluginError("no IPAM plugin is configured", 7)
        environ = {**request.environ, b"CNI_COMMAND": verb.encode()}
        try:
            result = await self._machine.execute(program, environ, request.stdin, request.process)
        except FileNotFoundError as error:
            raise _PluginError(str(error)) from error
        answer = _parsed(result.stdout)
        if result.exit_code:
            told = answer.get("msg") or f"{program} failed with exit code {result.exit_code}"
            raise _PluginError(": ".join(filter(None, [str(told), answer.get("details", "")])), answer.get("code", 999))
        return answer


def _netns(request: Exec) -> str:
    path = request.environ.get(b"CNI_NETNS", b"").decode()
    if not path:
        raise _PluginError("required env variables [CNI_NETNS] missing", 4)
    return path


def _interface(request: Exec) -> str:
    name = request.environ.get(b"CNI_IFNAME", b"").decode()
    if not name:
        raise _PluginError("required env variables [CNI_IFNAME] missing", 4)
    return name


def _mac(seed: bytes) -> str:
    digits = bytes([0x02, *sha256(seed).digest()[:5]]).hex()
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _parsed(stdout: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(stdout) if stdout.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _PluginError(f"the IPAM plugin printed no JSON: {error}", 6) from error
    if not isinstance(value, dict):
        raise _PluginError("the IPAM plugin printed no JSON object", 6)
    return value


def _printed(value: dict[str, Any], exit_code: int = 0) -> Result:
    return Result(exit_code=exit_code, stdout=msgspec.json.encode(value))
