"""What a scenario may do to a cluster, in domain verbs, whatever the cluster is made of.

A scenario never asks which backend it runs on. It names the capabilities that it needs; a backend that lacks one skips
it with that reason. ``within_seconds`` is cluster time: virtual on the simulator, real elsewhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
Check = Callable[["Cluster"], Awaitable[str | None]]
"""None when it holds, else why not yet: the sentence that the failing scenario shows."""


class Capability(Enum):
    """What a scenario needs beyond an API server and pods; the value is the skip reason's text."""

    PING = "packets between pods"
    CRASH_AGENT = "ending the agent process of a node"
    CRASH_POINT = "ending the agent between two named steps"
    CNI_FAULTS = "losing single CNI calls"
    SLOW_ADD = "an ADD that outlives its runtime"
    REMOVE_PLUGIN = "taking the IPAM executable away from a node"
    POWER = "cutting and restoring a node's power"


class RefusedError(Exception):
    """The API server refused an object; the text is its own."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wire:
    """One address on one interface of one network namespace, as the node itself sees it."""

    node: str
    netns: str
    interface: str
    address: str


class Cluster(Protocol):
    """A running cluster with Spiderpool installed and no pools. Kinds are given as in manifests (``SpiderIPPool``)."""

    @property
    def nodes(self) -> Sequence[str]:
        """Names of the worker nodes."""
        ...

    async def apply(self, *objects: Json) -> None:
        """Create or replace objects.

        Raises:
            RefusedError: admission or validation said no.
        """
        ...

    async def get(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """One object, or None."""
        ...

    async def items(self, kind: str, namespace: str = "", labels: str = "") -> list[Json]:
        """Objects of a kind, sorted by namespace and name; an empty namespace means all."""
        ...

    async def delete(self, kind: str, name: str, namespace: str = "default", grace_seconds: int | None = None) -> None:
        """Delete; an object that is not there is success. It does not wait."""
        ...

    async def scale(self, kind: str, name: str, replicas: int, namespace: str = "default") -> None:
        """Set the number of replicas."""
        ...

    async def wires(self) -> list[Wire]:
        """Every pod address on every node that has power, sorted: the truth that the ledger is held against."""
        ...

    async def ping(self, pod: str, address: str, namespace: str = "default") -> bool:
        """Whether a pod reaches an address."""
        ...

    async def crash_agent(self, node: str) -> None:
        """End the agent process without warning; it stays down."""
        ...

    async def start_agent(self, node: str) -> None:
        """Start it again."""
        ...

    async def crash_agent_at(self, node: str, point: str) -> None:
        """End the agent when it next reaches a named point, such as ``kube.create after``; it starts again by itself
        some seconds later.
        """
        ...

    async def lose_next_del(self, node: str) -> None:
        """The next pod deleted on this node goes without any DEL."""
        ...

    async def slow_next_add(self, node: str) -> None:
        """The next ADD on this node is given up by the runtime and commits afterwards."""
        ...

    async def remove_plugin(self, node: str) -> None:
        """The IPAM executable is missing on a node."""
        ...

    async def restore_plugin(self, node: str) -> None:
        """It is there again."""
        ...

    async def power_cut(self, node: str) -> None:
        """The node is off at once."""
        ...

    async def power_on(self, node: str) -> None:
        """The node boots."""
        ...

    async def eventually(self, check: Check, within_seconds: float) -> None:
        """Wait until a check holds.

        Raises:
            AssertionError: it did not, with its last reason.
        """
        ...

    async def always(self, check: Check, for_seconds: float) -> None:
        """A check holds at every look during a time.

        Raises:
            AssertionError: it did not, with its reason.
        """
        ...


async def apply_files(cluster: Cluster, *paths: Path) -> None:
    """Apply manifest files as they are."""
    import yaml  # noqa: PLC0415  only runs that read files need it

    for path in paths:
        await cluster.apply(*[each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each])
