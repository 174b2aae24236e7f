"""The network configuration of a node and the calls that follow from it: what libcni does between runtime and plugin.

A conflist names plugins that run in a chain: ADD in order, each with the result of the one before as ``prevResult``;
DEL in reverse order, each with the result of the whole ADD, if that is still known. DEL without a known result has no
``prevResult``: so it is after a failed ADD, and for the second DEL of the same sandbox.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from simulator.kube.ports import Disk

CONF_DIR = "/etc/cni/net.d"
BIN_DIR = "/opt/cni/bin"


class NoNetwork(Exception):
    """There is no usable network configuration on this node (yet)."""


class Conflist(msgspec.Struct, frozen=True, kw_only=True):
    """One network: its name, the version to speak, the plugins' configurations in order, whether STATUS is asked."""

    name: str
    cni_version: str
    plugins: tuple[dict[str, Any], ...]
    has_status: bool

    def stdin(self, plugin: Mapping[str, Any], prev_result: Mapping[str, Any] | None) -> bytes:
        """What one plugin of the chain reads."""
        config = {**plugin, "name": self.name, "cniVersion": self.cni_version}
        if prev_result is not None:
            config["prevResult"] = prev_result
        return msgspec.json.encode(config, order="deterministic")


@lru_cache(maxsize=64)  # it is read for every call; nobody changes what was read
def parse(text: bytes) -> Conflist:
    """Read a conflist, or a single plugin's ``.conf``.

    Raises:
        NoNetwork: it is not one.
    """
    try:
        value = json.loads(text)
        plugins = value.get("plugins") or [value]
        name, version = value["name"], value.get("cniVersion", "1.0.0")
        if not all(isinstance(plugin, dict) and plugin.get("type") for plugin in plugins):
            raise NoNetwork("a plugin has no type")
    except (ValueError, KeyError, AttributeError) as error:
        raise NoNetwork(f"cni config is not usable: {error}") from error
    asks_status = tuple(int(part) for part in version.split(".")[:2]) >= (1, 1)  # from CNI 1.1.0 on
    return Conflist(name=name, cni_version=version, plugins=tuple(plugins), has_status=asks_status)


async def load(disk: Disk) -> Conflist:
    """The first configuration of /etc/cni/net.d, by file name.

    Raises:
        NoNetwork: there is none.
    """
    for name in sorted(await disk.names(CONF_DIR)):
        if name.endswith((".conflist", ".conf", ".json")):
            text = await disk.read(f"{CONF_DIR}/{name}")
            if text is not None:
                return parse(text)
    raise NoNetwork(f"no network config found in {CONF_DIR}: cni plugin not initialized")
