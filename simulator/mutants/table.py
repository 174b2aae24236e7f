"""The mutants: every rule of the ledger that the agent keeps, taken away one by one.

Rules which only shorten leaks have none: taking them away breaks nothing that is promised (the ledger's own search over
all interleavings says so), and no check may lean on them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from simulator.mutants.mutant import Mutant, Patch
from spiderpool.agent import allocate, claiming, giving_back, holder, reconcile, release, service, writing
from spiderpool.agent.memory import Memory
from spiderpool.agent.parts import Locks, Parts
from spiderpool.ipam import attach
from spiderpool.ipam.attach import HolderFacts
from spiderpool.ipam.detach import Fate
from spiderpool.ipam.refusals import Code, Refusal
from spiderpool.kube.batched import Batched, BatchedByKey
from spiderpool.kube.errors import NotFound
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS


def _one(place: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], tuple[Patch, ...]]:
    return lambda: (Patch(place=place, name=name, make=make),)


def _instead(place: Any, name: str, replacement: Any) -> Callable[[], tuple[Patch, ...]]:
    return _one(place, name, lambda _: replacement)


async def _delete_by_name(parts: Parts, claim: SpiderIPAddress) -> bool:
    with suppress(NotFound):
        await writing._retried(parts, lambda: parts.ports.kube.delete(CLAIMS, claim.name))  # noqa: SLF001  a mutant
    parts.memory.drop(claim.name)
    return True


def _match_pod() -> tuple[Patch, ...]:
    pods: dict[str, str] = {}

    def remember(put: Any) -> Any:
        def put_and_remember(memory: Memory, claim: SpiderIPAddress, node: str) -> None:
            if claim.spec.owner is not None:
                pods[claim.spec.owner.container_id] = claim.spec.owner.uid
            put(memory, claim, node)

        return put_and_remember

    def of_pod(memory: Memory, container_id: str, interface: str) -> list[SpiderIPAddress]:
        return memory.of_attachment(pods.get(container_id, ""), interface)

    return (
        Patch(place=Memory, name="put", make=remember),
        Patch(place=Memory, name="of_container", make=lambda _: of_pod),
    )


def _nobody(*_: Any) -> None:
    return None


async def _nothing(*_: Any) -> None:
    return None


def _bare_is_free(look: Any) -> Any:
    async def flushed(parts: Parts, claim: SpiderIPAddress) -> bool:
        await look(parts, claim)
        return False

    return flushed


async def _no_claims(*_: Any) -> list[str]:
    return []


async def _believe_409(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress | None:
    try:
        return await parts.ports.kube.get(CLAIMS, claim.name)
    except NotFound:
        return None


async def _carries_something(parts: Parts, owner: Owner) -> bool:
    carried = await parts.ports.host.addresses(owner.netns.path) or {}
    return bool(carried.get(owner.interface))


async def _never(*_: Any) -> bool:
    return False


async def _always(*_: Any) -> bool:
    return True


@asynccontextmanager
async def _no_lock(locks: Locks, uid: str, interface: str) -> AsyncIterator[None]:
    yield


def _pod_gone_is_enough(facts: HolderFacts) -> bool:
    return facts.pod_gone


def _any_interface(memory: Memory, uid: str, interface: str) -> list[SpiderIPAddress]:
    return memory.of_pod(uid)


async def _take_unverified(parts: Parts, add: Any) -> None:
    add.unverified.clear()


def _without_reservations(why_not: Any) -> Any:
    return lambda address, pool, _: why_not(address, pool, ())


def _join_running_reads(after_now: Callable[[Any], Awaitable[Any]]) -> Any:
    """A read that is on its way already serves newcomers too."""
    running: dict[int, Any] = {}

    async def join(batch: Batched[Any]) -> Any:
        import asyncio  # noqa: PLC0415  only here

        task = running.get(id(batch))
        if task is None or task.done():
            task = running[id(batch)] = asyncio.ensure_future(after_now(batch))
        return await asyncio.shield(task)

    return join


def _keep_batches(after_now: Any) -> Any:
    async def join(batches: BatchedByKey[Any], key: str) -> Any:
        batch = batches._batches.setdefault(key, Batched(lambda: batches._read(key)))  # noqa: SLF001  a mutant
        return await batch.after_now()

    return join


def _never_park(fate: Callable[..., Fate]) -> Any:
    def freed(claim: SpiderIPAddress, **facts: Any) -> Fate:
        return fate(claim, **{**facts, "identity_wanted": False})

    return freed


async def _believe_the_hint(parts: Parts, search: Any) -> list[SpiderIPAddress]:
    search.lists += 1
    search.known |= set(range(search.usable.at(0), search.usable.at(search.usable.size - 1) + 1))
    return []


def _gate_left_open(gate: Any) -> Any:
    def only_started(parts: Parts, call: Any) -> Refusal | None:
        refusal: Refusal | None = gate(parts, call)
        return None if refusal is not None and refusal.code is Code.CLOSED else refusal

    return only_started


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="delete-without-preconditions",
        rule="R1",
        bug="a delete that arrives late deletes whoever has the address by then",
        patches=_instead(writing, "delete", _delete_by_name),
    ),
    Mutant(name="del-matches-the-pod", rule="R2", bug="a late DEL frees the newer container", patches=_match_pod),
    Mutant(
        name="no-flush",
        rule="R3",
        bug="an address is freed while its interface carries it",
        patches=_instead(release, "take_off_wire", _nothing),
    ),
    Mutant(
        name="del-frees-what-is-not-up-yet",
        rule="R3",
        bug="an address is freed that a main plugin, answered before its runtime died, is about to bring up",
        patches=_one(release, "take_off_wire", _bare_is_free),
    ),
    Mutant(
        name="late-main-plugins-are-forgotten",
        rule="R3",
        bug="an address changes hands, or is freed, that an older container is about to bring up",
        patches=lambda: (
            Patch(place=allocate, name="may_come_up", make=_bare_is_free),
            Patch(place=giving_back, name="may_come_up", make=_bare_is_free),
        ),
    ),
    Mutant(
        name="no-order-of-containers",
        rule="R4",
        bug="a stalled ADD of a dead container steals the claim back",
        patches=lambda: (
            Patch(place=attach, name="overtaken_by", make=lambda _: _nobody),
            Patch(place=allocate, name="overtaken_by", make=lambda _: _nobody),
        ),
    ),
    Mutant(
        name="409-believed",
        rule="R5",
        bug="after a lost answer AlreadyExists is taken for success",
        patches=_instead(writing, "_mine_behind", _believe_409),
    ),
    Mutant(
        name="no-attestation",
        rule="R6b",
        bug="the node frees what a pod object that is gone held, without a look at its namespace",
        patches=_instead(reconcile, "lives", _never),
    ),
    Mutant(
        name="hand-over-when-the-pod-is-gone",
        rule="R7",
        bug="an identity's address moves while the old sandbox lives",
        patches=_instead(holder, "may_take_over", _pod_gone_is_enough),
    ),
    Mutant(
        name="reconcile-without-lock",
        rule="R8",
        bug="reclaim frees what an ADD under way is about to hand out",
        patches=_instead(Locks, "of", _no_lock),
    ),
    Mutant(
        name="judged-by-address",
        rule="R8b",
        bug="an interface that is still bare counts as gone",
        patches=_instead(reconcile, "lives", _carries_something),
    ),
    Mutant(
        name="spare-claims-stay",
        rule="R9",
        bug="a claim that committed late leaks as long as its pod lives",
        patches=_instead(reconcile, "_is_spare", _never),
    ),
    Mutant(
        name="no-reclaim",
        rule="R10",
        bug="an address whose DEL was lost leaks for ever",
        patches=lambda: (
            Patch(place=service, name="reconcile_node", make=lambda _: _nothing),
            Patch(place=service, name="reconcile_pod", make=lambda _: _always),
        ),
    ),
    Mutant(
        name="identities-are-not-parked",
        rule="R11",
        bug="an identity's address goes to whoever comes first",
        patches=_one(release, "fate", _never_park),
    ),
    Mutant(
        name="own-claims-are-not-looked-for",
        rule="R13",
        bug="the next container of a pod gets a second address",
        patches=_instead(allocate, "_own_claims", _no_claims),
    ),
    Mutant(
        name="no-verifying-read",
        rule="E1",
        bug="an address is handed out after the edit that took it away",
        patches=_instead(allocate, "_verify", _take_unverified),
    ),
    Mutant(
        name="verified-without-reservations",
        rule="E2",
        bug="a reserved address is handed out",
        patches=_one(allocate, "why_not", _without_reservations),
    ),
    Mutant(
        name="verified-by-a-read-of-before",
        rule="E3",
        bug="a read that was sent before the claim verifies it",
        patches=lambda: (
            Patch(place=Batched, name="after_now", make=_join_running_reads),
            Patch(place=BatchedByKey, name="after_now", make=_keep_batches),
        ),
    ),
    Mutant(
        name="no-undo",
        rule="L1",
        bug="a half-done interface keeps the only address that somebody else needs",
        patches=_instead(giving_back, "undo", _no_claims),
    ),
    Mutant(
        name="interface-not-in-the-key",
        rule="L3",
        bug="the second interface of a pod gets the first one's address",
        patches=_instead(Memory, "of_attachment", _any_interface),
    ),
    Mutant(
        name="no-list-behind-the-hint",
        rule="L4",
        bug="a stale summary hides free addresses for ever",
        patches=_instead(claiming, "_list", _believe_the_hint),
    ),
    Mutant(
        name="ledger-gate-left-open",
        rule="B1",
        bug="addresses are handed out while nodes register theirs",
        patches=_one(allocate, "gate", _gate_left_open),
    ),
)
