"""What goes wrong in and around the API server: its store, its webhooks, its garbage collector, names and credentials."""

from collections.abc import Callable

from simulator.faults.catalogue import DENIED, VERBS
from simulator.faults.fault import Strike
from simulator.faults.scene import Scene
from simulator.kube.link import Effect, Fault, FaultRule

Act = Callable[[Scene, Strike], None]

LEDGER = "spideripaddresses"
ETCD_SECONDS = 7.0  # after which a server whose etcd does not agree with itself says so
TIMED_OUT = "etcdserver: request timed out"
LEADER_CHANGED = "etcdserver: leader changed"
_APPLIED: tuple[Effect, ...] = ("refuse", "commit_and_refuse", "commit_late_and_refuse")


def _etcd_timeout(scene: Scene, strike: Strike) -> None:
    """A write of a claim is answered with an error of etcd, and was not done, was done, or will be."""
    numbers = strike.numbers
    fault = Fault(
        effect=_APPLIED[int(numbers["applied"])],
        seconds=ETCD_SECONDS + (numbers["late_seconds"] if int(numbers["applied"]) == 2 else 0.0),
        give_up_seconds=ETCD_SECONDS,
        status=500,
        says=TIMED_OUT,
    )
    agent, verb = f"agent@{scene.node(strike).name}", VERBS[int(numbers["verb"])]
    scene.world.wiring.add_rule(
        FaultRule(fault=fault, client=agent, verb=verb, resource=LEDGER, times=int(numbers["times"]))
    )


def _etcd_leader_changed(scene: Scene, strike: Strike) -> None:
    """The next writes, whosever they are, fail; some have been done."""
    effect = _APPLIED[int(strike.numbers["applied"])]
    fault = Fault(effect=effect, seconds=0.5, give_up_seconds=0.5, status=500, says=LEADER_CHANGED)
    scene.world.wiring.add_rule(FaultRule(fault=fault, writes=True, times=int(strike.numbers["writes"])))


def _etcd_leaderless(scene: Scene, strike: Strike) -> None:
    """Nobody's write is done, which is found out late; reads go on."""
    fault = Fault(effect="refuse", seconds=ETCD_SECONDS, status=500, says=TIMED_OUT)
    scene.during(strike.numbers["hold_seconds"], FaultRule(fault=fault, writes=True, times=_ALWAYS))


def _store_full(scene: Scene, strike: Strike) -> None:
    """Writes are refused; reads and deletions go on."""
    store = scene.world.server.store
    store.full = True
    scene.later(strike.numbers["hold_seconds"], lambda: setattr(store, "full", False))


def _token_expired(scene: Scene, strike: Strike) -> None:
    """An agent's token is no longer accepted until the kubelet has brought a new one; open watches go on."""
    fault = Fault(effect="refuse", status=401, says="Unauthorized")
    rule = FaultRule(fault=fault, client=f"agent@{scene.node(strike).name}", times=_ALWAYS)
    scene.during(strike.numbers["hold_seconds"], rule)


def _verb_denied(scene: Scene, strike: Strike) -> None:
    """After an upgrade the role of all agents lacks a verb, until somebody has noticed."""
    verb = DENIED[int(strike.numbers["denied"])]
    group = "spiderpool.spidernet.io"
    for agent in scene.world.agents.values():
        says = (
            f'{LEDGER}.{group} is forbidden: User "system:serviceaccount:spiderpool:spiderpool-agent" cannot {verb}'
            f' resource "{LEDGER}" in API group "{group}" at the cluster scope'
        )
        fault = Fault(effect="refuse", status=403, says=says)
        rule = FaultRule(fault=fault, client=agent.name, verb=verb, resource=LEDGER, times=_ALWAYS)
        scene.during(strike.numbers["hold_seconds"], rule)


def _names_unresolved(scene: Scene, strike: Strike) -> None:
    """The name of the API server cannot be resolved: no new connection of an agent, while its watches go on."""
    fault = Fault(effect="lose", seconds=strike.numbers["resolver_seconds"])
    rule = FaultRule(fault=fault, client=f"agent@{scene.node(strike).name}", times=_ALWAYS)
    scene.during(strike.numbers["hold_seconds"], rule)


def _watch_half_open(scene: Scene, strike: Strike) -> None:
    """The watches of an agent or a controller never say anything again, not even that they are over."""
    links = scene.world.wiring.links
    ours = [name for name in links if name.startswith(("agent@", "controller-"))]
    links[ours[strike.place % len(ours)]].forsake_watches()


def _webhooks_down(scene: Scene, strike: Strike) -> None:
    scene.world.webhooks_down = True
    scene.later(strike.numbers["hold_seconds"], lambda: setattr(scene.world, "webhooks_down", False))


def _webhooks_slow(scene: Scene, strike: Strike) -> None:
    scene.world.webhooks_late_seconds = strike.numbers["late_seconds"]
    scene.later(strike.numbers["hold_seconds"], lambda: setattr(scene.world, "webhooks_late_seconds", 0.0))


def _collector_crash(scene: Scene, strike: Strike) -> None:
    """The garbage collector forgets what it knew, and lists everything anew when it is back."""
    scene.world.stop_collector()
    scene.later(strike.numbers["down_seconds"], scene.world.start_collector)


def _collector_late(scene: Scene, strike: Strike) -> None:
    """What the garbage collector deletes, it deletes late."""
    fault = Fault(effect="delay", seconds=strike.numbers["late_seconds"])
    rule = FaultRule(fault=fault, client="garbage-collector", verb="delete", times=_ALWAYS)
    scene.during(strike.numbers["hold_seconds"], rule)


_ALWAYS = 1 << 60

SERVER_ACTS: dict[str, Act] = {
    "etcd-timeout": _etcd_timeout,
    "etcd-leader-changed": _etcd_leader_changed,
    "etcd-leaderless": _etcd_leaderless,
    "store-full": _store_full,
    "token-expired": _token_expired,
    "verb-denied": _verb_denied,
    "names-unresolved": _names_unresolved,
    "watch-half-open": _watch_half_open,
    "webhooks-down": _webhooks_down,
    "webhooks-slow": _webhooks_slow,
    "collector-crash": _collector_crash,
    "collector-late": _collector_late,
}
