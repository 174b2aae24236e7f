"""What each fault of the catalogue does, by name. An act takes no time; what it does lasts as long as its numbers say."""

from collections.abc import Callable
from ipaddress import ip_address

from simulator.cluster.world import IPAM
from simulator.faults.catalogue import CRASH_POINTS, STATUSES, VERBS
from simulator.faults.fault import FaultPlan, Strike
from simulator.faults.scene import Scene
from simulator.faults.server_acts import SERVER_ACTS
from simulator.kube.link import Effect, FaultRule
from simulator.kube.link import Fault as RequestFault
from simulator.kube.node.machine import Call, Upset
from simulator.kube.node.node import Node

Act = Callable[[Scene, Strike], None]


async def play(scene: Scene, plan: FaultPlan) -> None:
    """Let every strike of a plan happen at its time."""
    clock, trace = scene.world.clock, scene.world.trace
    began = clock.monotonic()
    for strike in plan.strikes:
        wait = began + strike.at_seconds - clock.monotonic()
        if wait > 0:
            await clock.sleep(wait)
        trace.event("faults", strike.fault.name, place=strike.place)
        ACTS[strike.fault.name](scene, strike)


# --- the agent ---


def _agent_crash(scene: Scene, strike: Strike) -> None:
    agent = scene.world.agents[scene.node(strike).name]
    agent.crash()
    scene.later(strike.numbers["down_seconds"], agent.start)


def _agent_crash_at_point(scene: Scene, strike: Strike) -> None:
    scene.world.agents[scene.node(strike).name].crash_at(CRASH_POINTS[int(strike.numbers["point"])])


def _agent_paused(scene: Scene, strike: Strike) -> None:
    process = scene.world.agents[scene.node(strike).name].process
    if process is not None:
        process.pause()
        scene.paused(process.resume)
        scene.later(strike.numbers["hold_seconds"], process.resume)


def _controller_crash(scene: Scene, strike: Strike) -> None:
    controllers = scene.world.controllers
    controller = controllers[strike.place % len(controllers)]
    controller.crash()
    scene.later(strike.numbers["down_seconds"], controller.start)


# --- the way to the API server ---


def _request(effect: Effect) -> Act:
    def act(scene: Scene, strike: Strike) -> None:
        numbers = strike.numbers
        fault = RequestFault(
            effect=effect,
            seconds=numbers.get("late_seconds", 0.1),
            give_up_seconds=numbers.get("give_up_seconds", 0.0),
            status=STATUSES[int(numbers.get("status", 0.0))],
            retry_after_seconds=1,
        )
        scene.world.wiring.add_rule(
            FaultRule(
                fault=fault,
                client=f"agent@{scene.node(strike).name}",
                verb=VERBS[int(numbers["verb"])],
                resource="spideripaddresses",
                times=int(numbers["times"]),
            )
        )

    return act


def _api_state(state: str) -> Act:
    def act(scene: Scene, strike: Strike) -> None:
        link = scene.world.wiring.link(f"agent@{scene.node(strike).name}")
        link.set_state("silent" if state == "silent" else "refusing")
        scene.later(strike.numbers["hold_seconds"], lambda: link.set_state("up"))

    return act


def _watch_cut(scene: Scene, strike: Strike) -> None:
    scene.world.wiring.link(f"agent@{scene.node(strike).name}").cut_watches()


def _watch_held(scene: Scene, strike: Strike) -> None:
    link = scene.world.wiring.link(f"agent@{scene.node(strike).name}")
    link.hold_watches()
    scene.later(strike.numbers["hold_seconds"], link.release_watches)


# --- one of several API servers ---


def _replica_behind(scene: Scene, strike: Strike) -> None:
    """It follows the store late, so that who comes to it from another one goes back in time."""
    replicas = scene.world.wiring.replicas
    if replicas:
        replica = replicas[strike.place % len(replicas)]
        replica.set_lag(strike.numbers["lag_seconds"])
        scene.later(strike.numbers["hold_seconds"], lambda: replica.set_lag(0.0))


def _replica_down(scene: Scene, strike: Strike) -> None:
    """Its clients find another one that runs; when it is back, it has no history."""
    wiring = scene.world.wiring
    if wiring.replicas:
        number = strike.place % len(wiring.replicas)
        wiring.replicas[number].stop()
        wiring.move_clients(number)
        scene.later(strike.numbers["down_seconds"], wiring.replicas[number].start)


def _clients_moved(scene: Scene, strike: Strike) -> None:
    wiring = scene.world.wiring
    if wiring.replicas:
        wiring.move_clients(strike.place % len(wiring.replicas))


# --- CNI calls ---


def _calls(verb: str, upset: Callable[[float], Upset]) -> Act:
    def act(scene: Scene, strike: Strike) -> None:
        script = scene.world.faults[scene.node(strike).name]
        late_seconds = strike.numbers.get("late_seconds", 0.0)
        script.next(upset(late_seconds), program=IPAM, verb=verb, times=int(strike.numbers["times"]))

    return act


# --- nodes ---


def _power_cut(scene: Scene, strike: Strike) -> None:
    node = scene.node(strike)
    node.power_cut()
    scene.later(strike.numbers["down_seconds"], lambda: None if node.machine.powered else node.boot())


def _runtime_killed(scene: Scene, strike: Strike) -> None:
    node = scene.node(strike)
    node.crash_runtime()
    scene.later(strike.numbers["down_seconds"], lambda: _if_powered(node, node.start_runtime))


def _killed_in_add(crash: Callable[[Node], None], start: Callable[[Node], None]) -> Act:
    """The runtime or the kubelet is killed a moment after the next ADD has begun, which then takes its time."""

    def act(scene: Scene, strike: Strike) -> None:
        node, numbers = scene.node(strike), strike.numbers
        stall = Upset(sleep_before_seconds=numbers["late_seconds"])
        scene.world.faults[node.name].next(stall, program=IPAM, verb="ADD")

        def strike_now(call: Call) -> None:
            scene.later(numbers["after_seconds"], lambda: crash(node))
            back_seconds = numbers["after_seconds"] + numbers["down_seconds"]
            scene.later(back_seconds, lambda: _if_powered(node, lambda: start(node)))

        scene.on_next_add(node, strike_now)

    return act


def _if_powered(node: Node, act: Callable[[], None]) -> None:
    if node.machine.powered:
        act()


# --- pods ---


def _pod_force_deleted(scene: Scene, strike: Strike) -> None:
    pod = scene.pod(strike)
    if pod is not None:
        meta = pod["metadata"]
        scene.run(scene.operator.delete("Pod", meta["name"], meta["namespace"], grace_seconds=0))


def _pod_force_deleted_in_add(scene: Scene, strike: Strike) -> None:
    def strike_now(call: Call) -> None:
        async def delete() -> None:
            await scene.world.clock.sleep(strike.numbers["after_seconds"])
            await scene.operator.delete("Pod", call.pod, call.namespace, grace_seconds=0)

        scene.run(delete())

    scene.on_next_add(scene.node(strike), strike_now)


def _sandbox_killed(scene: Scene, strike: Strike) -> None:
    pod = scene.pod(strike)
    node = scene.world.nodes.get(((pod or {}).get("spec") or {}).get("nodeName", ""))
    if pod is not None and node is not None and node.runtime.current() is not None:
        node.kill_pause(pod["metadata"]["uid"])


# --- administrators ---


def _pool_edited(scene: Scene, strike: Strike) -> None:
    """One address, claimed or not, is excluded for a while; the webhook may refuse."""
    if not scene.pools:
        return
    name = list(scene.pools)[strike.place % len(scene.pools)]
    address = _address(scene, name, strike)

    async def exclude() -> None:
        await scene.operator.patch("SpiderIPPool", name, {"spec": {"excludeIPs": [address]}}, "")

    async def restore() -> None:
        await scene.operator.patch("SpiderIPPool", name, {"spec": {"excludeIPs": None}}, "")

    scene.run(exclude())
    scene.later(strike.numbers["hold_seconds"], lambda: scene.run(restore()))


def _address_reserved(scene: Scene, strike: Strike) -> None:
    if not scene.pools:
        return
    name = f"kept-{strike.place}"
    address = _address(scene, list(scene.pools)[strike.place % len(scene.pools)], strike)
    item = {
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderReservedIP",
        "metadata": {"name": name},
        "spec": {"ips": [address]},
    }
    scene.run(scene.operator.apply(item))
    hold_seconds = strike.numbers["hold_seconds"]
    scene.later(hold_seconds, lambda: scene.run(scene.operator.delete("SpiderReservedIP", name)))


def _address(scene: Scene, pool: str, strike: Strike) -> str:
    """One address of a pool's first range."""
    first, _, last = scene.pools[pool]["spec"]["ips"][0].partition("-")
    low, high = int(ip_address(first)), int(ip_address(last or first))
    return str(ip_address(low + strike.place % (high - low + 1)))


def _ledger_recovering(scene: Scene, strike: Strike) -> None:
    async def switch(mode: str) -> None:
        await scene.operator.patch("SpiderLedger", "default", {"spec": {"mode": mode}}, "")

    scene.run(switch("Recovering"))
    scene.later(strike.numbers["hold_seconds"], lambda: scene.run(switch("Open")))


ACTS: dict[str, Act] = {
    "agent-crash": _agent_crash,
    "agent-crash-at-point": _agent_crash_at_point,
    "agent-paused": _agent_paused,
    "request-lost": _request("lose"),
    "answer-lost": _request("lose_answer"),
    "commit-late": _request("commit_late"),
    "request-delayed": _request("delay"),
    "request-refused": _request("refuse"),
    "committed-and-refused": _request("commit_and_refuse"),
    "api-silent": _api_state("silent"),
    "api-refusing": _api_state("refusing"),
    "watch-cut": _watch_cut,
    "watch-held": _watch_held,
    "replica-behind": _replica_behind,
    "replica-down": _replica_down,
    "clients-moved": _clients_moved,
    "del-lost": _calls("DEL", lambda _: Upset(lost=True)),
    "del-doubled": _calls("DEL", lambda _: Upset(repeat=1)),
    "del-late": _calls("DEL", lambda seconds: Upset(sleep_before_seconds=seconds)),
    "del-fails-after": _calls("DEL", lambda _: Upset(fail_after=True)),
    "add-doubled": _calls("ADD", lambda _: Upset(repeat=1)),
    "add-stalls": _calls("ADD", lambda seconds: Upset(sleep_before_seconds=seconds)),
    "add-answer-stalls": _calls("ADD", lambda seconds: Upset(sleep_after_seconds=seconds)),
    "add-fails-after": _calls("ADD", lambda _: Upset(fail_after=True)),
    "kubelet-killed-in-add": _killed_in_add(Node.crash_kubelet, Node.start_kubelet),
    "runtime-killed-in-add": _killed_in_add(Node.crash_runtime, Node.start_runtime),
    "runtime-killed": _runtime_killed,
    "power-cut": _power_cut,
    "pod-force-deleted": _pod_force_deleted,
    "pod-force-deleted-in-add": _pod_force_deleted_in_add,
    "sandbox-killed": _sandbox_killed,
    "controller-crash": _controller_crash,
    "pool-edited": _pool_edited,
    "address-reserved": _address_reserved,
    "ledger-recovering": _ledger_recovering,
    **SERVER_ACTS,
}
