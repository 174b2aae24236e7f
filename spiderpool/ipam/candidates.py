"""Which pools may serve a pod's interface, in which order, and why the others may not.

The first level that names a pool decides alone (upstream's precedence; there is no fall-through):

| level | source |
| --- | --- |
| 1 | pod annotation ``ipam.spidernet.io/ippools`` (per interface) |
| 2 | pod annotation ``ipam.spidernet.io/ippool`` |
| 3 | namespace annotations ``ipam.spidernet.io/default-ipv4-ippool`` and ``default-ipv6-ippool`` |
| 4 | CNI configuration ``default_ipv4_ippool`` and ``default_ipv6_ippool`` |
| 5 | every pool with ``default: true`` |

Named pools are tried in the order in which the user wrote them; upstream's random order among equals is a known defect
and not copied. Default pools come most specific first, then by name.
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from spiderpool.ipam.refusals import Code, InvalidInputError, PoolRefusal, Refusal
from spiderpool.resources.addresses import FAMILIES, Family
from spiderpool.resources.pool import SpiderIPPool

T = TypeVar("T")

POD_POOLS = "ipam.spidernet.io/ippools"
POD_POOL = "ipam.spidernet.io/ippool"
NAMESPACE_POOLS: dict[Family, str] = {
    4: "ipam.spidernet.io/default-ipv4-ippool",
    6: "ipam.spidernet.io/default-ipv6-ippool",
}


class PoolNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the pod annotations."""

    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    interface: str = ""
    cleangateway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that decides which pools may serve; labels and annotations as the API has them."""

    interface: str
    namespace: str
    node: str
    pod_annotations: Mapping[str, str]
    pod_labels: Mapping[str, str]
    namespace_annotations: Mapping[str, str]
    namespace_labels: Mapping[str, str]
    node_labels: Mapping[str, str]
    configured: Mapping[Family, Sequence[str]]
    clean_gateway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Pools by family, in the order to try; a family that is absent is not wanted. ``source`` says which level."""

    pools: Mapping[Family, tuple[SpiderIPPool, ...]]
    source: str
    clean_gateway: bool
    passed_over: tuple[PoolRefusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The names of one level; None instead of names means every default pool."""

    names: Mapping[Family, Sequence[str]] | None
    source: str
    clean_gateway: bool = False


def find_candidates(
    request: Request, pools: Sequence[SpiderIPPool], families: Sequence[Family] = FAMILIES
) -> Candidates | Refusal:
    """The pools that may serve, or why none may."""
    try:
        wanted = _wanted(request)
        named = _named(wanted, pools, families)
    except InvalidInputError as error:
        return Refusal(code=Code.INVALID, message=str(error))
    if not named:
        return Refusal(
            code=Code.NO_POOL,
            message=f"no pool is named for interface {request.interface} of a pod in namespace {request.namespace}, "
            "and no SpiderIPPool has default: true; create one or name one in an annotation",
        )
    passed_over: list[PoolRefusal] = []
    serving: dict[Family, tuple[SpiderIPPool, ...]] = {}
    for family, candidates in named.items():
        reasons = [(pool, _why_not(pool, family, request)) for pool in candidates]
        passed_over += [PoolRefusal(pool=pool.metadata.name, reason=reason) for pool, reason in reasons if reason]
        serving[family] = tuple(pool for pool, reason in reasons if not reason)
        if not serving[family]:
            return Refusal(
                code=Code.NO_POOL,
                message=f"no IPv{family} pool of {wanted.source} may serve this pod; change one of them or name another",
                pools=tuple(passed_over),
            )
    return Candidates(
        pools=serving,
        source=wanted.source,
        clean_gateway=wanted.clean_gateway or request.clean_gateway,
        passed_over=tuple(passed_over),
    )


def _wanted(request: Request) -> _Wanted:
    """The first level that names anything."""
    if text := request.pod_annotations.get(POD_POOLS):
        return _per_interface(_decode(text, POD_POOLS, list[PoolNames]), request.interface)
    if text := request.pod_annotations.get(POD_POOL):
        return _of_entry(_decode(text, POD_POOL, PoolNames), POD_POOL)
    by_family = {
        family: _decode(text, key, tuple[str, ...])
        for family, key in NAMESPACE_POOLS.items()
        if (text := request.namespace_annotations.get(key))
    }
    if any(by_family.values()):
        return _Wanted(names=by_family, source=f"namespace {request.namespace}")
    if any(request.configured.values()):
        return _Wanted(names=request.configured, source="the CNI configuration")
    return _Wanted(names=None, source="the cluster defaults")


def _per_interface(entries: Sequence[PoolNames], interface: str) -> _Wanted:
    """The entry of annotation ``ippools`` for one interface: by name on all entries, or by position on none."""
    named = [bool(entry.interface) for entry in entries]
    if any(named) != all(named):
        raise InvalidInputError(f"annotation {POD_POOLS}: give interface in every entry or in none")
    names = [entry.interface for entry in entries]
    if all(named) and len(dict.fromkeys(names)) != len(names):
        raise InvalidInputError(
            f"annotation {POD_POOLS}: interface {_repeated(names)!r} occurs twice; remove one entry"
        )
    for position, entry in enumerate(entries):
        if (entry.interface or _interface_at(position)) == interface:
            return _of_entry(entry, POD_POOLS)
    raise InvalidInputError(f"annotation {POD_POOLS} has no entry for interface {interface!r}; add one")


def _interface_at(position: int) -> str:
    """The interface that an unnamed entry stands for: eth0, net1, net2, as multus numbers them."""
    return "eth0" if position == 0 else f"net{position}"


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if names.count(name) > 1)


def _of_entry(entry: PoolNames, source: str) -> _Wanted:
    if not entry.ipv4 and not entry.ipv6:
        raise InvalidInputError(f'annotation {source} names no pool; give ipv4 or ipv6, such as {{"ipv4": ["pool-a"]}}')
    return _Wanted(
        names={4: entry.ipv4, 6: entry.ipv6}, source=f"annotation {source}", clean_gateway=entry.cleangateway
    )


def _decode(text: str, key: str, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"annotation {key} = {text!r}: {error}") from error


def _named(
    wanted: _Wanted, pools: Sequence[SpiderIPPool], families: Sequence[Family]
) -> dict[Family, tuple[SpiderIPPool, ...]]:
    """The pools of a level by family, before the filters; families without any are left out."""
    named: dict[Family, tuple[SpiderIPPool, ...]] = {}
    for family in families:
        if wanted.names is None:
            found = tuple(
                pool for pool in sorted(pools, key=_priority) if pool.spec.default and _family_of(pool) == family
            )
        else:
            found = _resolve(wanted.names.get(family, ()), family, pools, wanted.source)
        if found:
            named[family] = found
    return named


def _resolve(
    names: Sequence[str], family: Family, pools: Sequence[SpiderIPPool], source: str
) -> tuple[SpiderIPPool, ...]:
    """Names and wildcards to pools, in the order in which they were written.

    Raises:
        InvalidInputError: a name is written twice, or no pool has it.
    """
    known = {pool.metadata.name: pool for pool in pools}
    found: dict[str, SpiderIPPool] = {}
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(f"{source}: pool {name!r} is named twice for IPv{family}; remove one")
        if re.search(r"[*?\[]", name):
            pattern = name.replace("[^", "[!")
            matching = [n for n in sorted(known) if fnmatch.fnmatchcase(n, pattern) and _family_of(known[n]) == family]
            if not matching:
                raise InvalidInputError(
                    f"{source}: no IPv{family} pool matches {name!r}; create one or mend the pattern"
                )
            found |= {each: known[each] for each in matching}
        elif name not in known:
            raise InvalidInputError(f"{source}: IPv{family} pool {name!r} does not exist; create it or name another")
        else:
            found[name] = known[name]
    return tuple(found.values())


def _family_of(pool: SpiderIPPool) -> Family | None:
    """The family, or None for a pool whose subnet cannot be read."""
    try:
        return pool.family
    except ValueError:
        return None


def _priority(pool: SpiderIPPool) -> tuple[bool, bool, bool, bool, bool, bool, str]:
    """Most specific first, as upstream ranks them, then by name."""
    spec = pool.spec
    return (
        spec.pod_affinity is None,
        not spec.node_name,
        spec.node_affinity is None,
        not spec.namespace_name,
        spec.namespace_affinity is None,
        not spec.multus_name,
        pool.metadata.name,
    )


def _why_not(pool: SpiderIPPool, family: Family, request: Request) -> str | None:
    """Why a pool may not serve, in upstream's order of filters; None when it may."""
    spec = pool.spec
    if pool.metadata.deletion_timestamp:
        return "is being deleted"
    if spec.disable:
        return "is disabled"
    if spec.multus_name:
        return f"is for the multus networks {', '.join(spec.multus_name)}, which are not matched yet"
    if _family_of(pool) != family:
        return f"has subnet {spec.subnet}, not IPv{family}"
    try:
        return _affinity_against(pool, request)
    except ValueError as error:
        return f"has an affinity that cannot be read: {error}"


def _affinity_against(pool: SpiderIPPool, request: Request) -> str | None:
    spec = pool.spec
    if spec.node_name:
        if request.node not in spec.node_name:
            return f"serves nodes {', '.join(spec.node_name)}, not {request.node}"
    elif spec.node_affinity and not spec.node_affinity.matches(dict(request.node_labels)):
        return f"has a nodeAffinity that the labels of node {request.node} do not match"
    if spec.namespace_name:
        if request.namespace not in spec.namespace_name:
            return f"serves namespaces {', '.join(spec.namespace_name)}, not {request.namespace}"
    elif spec.namespace_affinity and not spec.namespace_affinity.matches(dict(request.namespace_labels)):
        return f"has a namespaceAffinity that the labels of namespace {request.namespace} do not match"
    if spec.pod_affinity and not spec.pod_affinity.matches(dict(request.pod_labels)):
        return "has a podAffinity that the pod's labels do not match"
    return None
