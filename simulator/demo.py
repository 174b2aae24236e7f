"""``spidersim demo``: the main job on an embedded cluster, then everything that likes to go wrong, told as it happens.

The manifests of docs/examples/quickstart are applied unchanged to a cluster of three nodes that runs the product's own
agent, controller and plugin code. Every step waits for what a user would wait for; the oracles judge all the while, and
the run ends with their verdict.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.cluster.installed import ROOT
from simulator.cluster.operator import Operator
from simulator.cluster.world import IPAM, World
from simulator.kube.api import Json
from simulator.kube.node.machine import Upset
from simulator.oracles.violation import Violation

QUICKSTART = ROOT / "docs/examples/quickstart"
REST_SECONDS = 90.0
Say = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One address of one pod."""

    pod: str
    node: str
    interface: str
    addresses: tuple[str, ...]
    pools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaimed:
    """One leaked address that was found, and the verdict's sentence."""

    node: str
    address: str
    verdict: str


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a demo leaves to print."""

    rows: list[Row] = field(default_factory=list)
    reclaimed: list[Reclaimed] = field(default_factory=list)
    kept: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    leaks: list[Violation] = field(default_factory=list)
    judged: int = 0


class Demo:
    """One run over a world that has not started yet."""

    def __init__(self, world: World, say: Say) -> None:
        self.world = world
        self.operator = Operator(world)
        self._say = say

    async def run(self, show: Callable[[Sequence[Row]], None]) -> Outcome:
        """Play the whole story; ``show`` gets the table once all pods run."""
        await self._install()
        await self._quickstart()
        rows = await self.rows()
        show(rows)
        await self._agent_dies_between_claim_and_reply()
        await self._pod_is_force_deleted()
        await self._del_is_lost()
        await self._add_outlives_its_runtime()
        kept = await self._statefulset_pod_moves()
        await self._rest()
        return Outcome(
            rows=rows,
            reclaimed=self._reclaimed(),
            kept=kept,
            leaks=self.world.leaks(),
            judged=self.world.oracles.judged,
        )

    async def rows(self) -> list[Row]:
        """Every claimed address by pod and interface, from the ledger."""
        by_attachment: dict[tuple[str, str, str], list[Json]] = {}
        for claim in await self.operator.items("SpiderIPAddress"):
            owner = claim["spec"].get("owner")
            if owner and claim["spec"]["state"] == "Claimed":
                key = f"{owner['namespace']}/{owner['name']}", owner["node"], owner["interface"]
                by_attachment.setdefault(key, []).append(claim["spec"])
        return [
            Row(
                pod=pod,
                node=node,
                interface=interface,
                addresses=tuple(spec["address"] for spec in specs),
                pools=tuple(spec["pool"]["name"] for spec in specs),
            )
            for (pod, node, interface), specs in sorted(by_attachment.items())
        ]

    async def _install(self) -> None:
        self._tell(f"installing Spiderpool on {self.world.shape.nodes} nodes: CRDs, ledger, controller, agents")
        await self.world.start()
        await self.operator.until(self.operator.ready, 60)
        self._tell("agents know their nodes, the controller answers webhooks")

    async def _quickstart(self) -> None:
        files = sorted(QUICKSTART.glob("*.yaml"))
        self._tell(f"applying {', '.join(file.name for file in files)}")
        await self.operator.apply_files(*files)
        await self.operator.until(self._running(demo=6, web=3), 120)
        self._tell("9 pods run, each with an IPv4 and an IPv6 address")

    async def _agent_dies_between_claim_and_reply(self) -> None:
        node = "n2"
        self.world.agents[node].crash_at("kube.create after")
        self._tell(f"fault: the agent of {node} will die between its claim and its reply")
        await self.operator.apply(_pod("unlucky", node))
        await self.operator.until(self._running(unlucky=1), 120)
        agent = self.world.agents[node]
        self._tell(f"pod unlucky runs all the same: incarnation {agent.incarnations} of the agent served the retry")

    async def _pod_is_force_deleted(self) -> None:
        pod = (await self._pods("demo"))[0]["metadata"]["name"]
        self._tell(f"fault: {pod} is force-deleted; its object is gone while its interface is still on the wire")
        await self.operator.delete("Pod", pod, grace_seconds=0)
        await self.operator.until(self._running(demo=6), 120)

    async def _del_is_lost(self) -> None:
        pod = (await self._pods("demo"))[0]
        name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
        self._tell(f"fault: every DEL of {name} on {node} is lost")
        self.world.faults[node].next(Upset(lost=True), program=IPAM, verb="DEL", pod=name, times=10)
        await self.operator.delete("Pod", name)
        await self.operator.until(self._running(demo=6), 120)

    async def _add_outlives_its_runtime(self) -> None:
        node = "n3"
        self._tell(f"fault: the runtime of {node} gives up an ADD, which commits afterwards")
        self.world.stall_next_claim(node, 6.0)
        self.world.crash_kubelet_during_next_add(node)
        await self.operator.apply(_pod("stalled", node))
        await self.operator.until(self._running(stalled=1), 180)
        self._tell("pod stalled runs; what the late ADD had claimed was given back")

    async def _statefulset_pod_moves(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        before = await self._addresses("web-1")
        pod = await self.operator.get("Pod", "web-1") or {}
        node, uid = pod["spec"]["nodeName"], pod["metadata"]["uid"]
        self._tell(f"{node} is cordoned and web-1 deleted, so that it is made again on another node")
        await self.operator.patch("Node", node, {"spec": {"unschedulable": True}}, "")
        await self.operator.delete("Pod", "web-1")

        async def moved() -> str | None:
            now = await self.operator.get("Pod", "web-1")
            ready = now and now["metadata"]["uid"] != uid and (now.get("status") or {}).get("phase") == "Running"
            return None if ready else "web-1 is not made again"

        await self.operator.until(moved, 180)
        await self.operator.patch("Node", node, {"spec": {"unschedulable": None}}, "")
        after = await self._addresses("web-1")
        there = ((await self.operator.get("Pod", "web-1")) or {})["spec"]["nodeName"]
        self._tell(f"web-1 runs on {there} with {', '.join(after)}, as before")
        assert after == before, f"web-1 had {before} and has {after}"
        return {"web-1": (before, after)}

    async def _rest(self) -> None:
        self._tell("faults have stopped; waiting until nothing is leaked")

        async def no_leak() -> str | None:
            found = self.world.leaks()
            return found[0].sentence if found else None

        await self.operator.until(no_leak, 900)
        await self.world.clock.sleep(REST_SECONDS)

    def _reclaimed(self) -> list[Reclaimed]:
        """What the agents say that they gave back although nobody asked, or when somebody asked too late."""
        found: list[Reclaimed] = []
        for node, agent in self.world.agents.items():
            for _, message, fields in agent.telemetry.lines:
                for address, verdict in _told(message, fields):
                    found.append(Reclaimed(node=node, address=address, verdict=verdict))
        return found

    async def _addresses(self, pod: str) -> tuple[str, ...]:
        return tuple(each["ip"] for each in ((await self.operator.get("Pod", pod)) or {})["status"]["podIPs"])

    async def _pods(self, app: str) -> list[Json]:
        return await self.operator.items("Pod", "default", f"app={app}")

    def _running(self, **apps: int) -> Callable[[], Awaitable[str | None]]:
        async def check() -> str | None:
            for app, count in apps.items():
                pods = await self._pods(app)
                up = [pod for pod in pods if len((pod.get("status") or {}).get("podIPs") or ()) == 2 and _live(pod)]
                if len(up) != count or len(pods) != count:
                    return f"{len(up)} of {count} pods of {app} run"
            return None

        return check

    def _tell(self, sentence: str) -> None:
        self._say(self.world.wiring.loop.time(), sentence)


def _told(message: str, fields: dict[str, object]) -> list[tuple[str, str]]:
    """Addresses and the reason, from one log line of an agent; none for lines about something else."""
    match message:
        case "leaked address reclaimed":
            return [(str(fields["address"]), str(fields["verdict"]))]
        case "buried DEL carried out":
            reason = "released: the DEL that no agent heard was kept as a tombstone and carried out"
            return [(address, reason) for address in str(fields["released"]).split(", ") if address]
        case "ADD refused":
            reason = f"given back: {fields['why']}"
            return [(address, reason) for address in str(fields["given_back"]).split(", ") if address]
    return []


def _live(pod: Json) -> bool:
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


def _pod(name: str, node: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "box", "image": "localhost/box:1", "command": ["sleep", "86400"]}],
        },
    }


def quickstart_files() -> list[Path]:
    """The manifests that the demo applies."""
    return sorted(QUICKSTART.iterdir())
