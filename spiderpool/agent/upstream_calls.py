"""The socket API of the Go Spiderpool under ``/v1/ipam``, for clients other than our plugin.

Same JSON as upstream (its openapi.yaml, version 1). Such a client sends no start stamp, so the time of arrival counts.
"""

import msgspec

from spiderpool.agent.allocate import allocate
from spiderpool.agent.answers import granted
from spiderpool.agent.attachment import AddCall, DelCall
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import release_container
from spiderpool.cni.environment import check_container_id, check_ifname, check_netns, check_pod_part
from spiderpool.cni.errors import CniError, Code
from spiderpool.host.port import HostError
from spiderpool.ipam.refusals import Refusal
from spiderpool.kube.errors import KubeError
from spiderpool.ports.http import Request, Response, json_response


class IpamAddArgs(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of POST /v1/ipam/ip."""

    container_id: str = msgspec.field(name="containerID")
    if_name: str
    net_namespace: str
    pod_namespace: str
    pod_name: str
    pod_uid: str = msgspec.field(name="podUID")
    default_ipv4_pools: tuple[str, ...] = msgspec.field(name="defaultIPv4IPPool", default=())
    default_ipv6_pools: tuple[str, ...] = msgspec.field(name="defaultIPv6IPPool", default=())
    clean_gateway: bool = False
    match_master_subnet: bool = False


class IpamDelArgs(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of DELETE /v1/ipam/ip."""

    container_id: str = msgspec.field(name="containerID")
    if_name: str
    pod_namespace: str
    pod_name: str
    pod_uid: str = msgspec.field(name="podUID")
    net_namespace: str = ""


class IpConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One address of the answer."""

    version: int
    address: str
    nic: str
    ip_pool: str
    gateway: str = ""
    vlan: int = 0


class RouteConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One route of the answer."""

    if_name: str
    dst: str
    gw: str


class IpamAddResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to POST /v1/ipam/ip."""

    ips: tuple[IpConfig, ...]
    routes: tuple[RouteConfig, ...] = ()


async def add(parts: Parts, request: Request) -> Response:
    """POST /v1/ipam/ip."""
    try:
        args = msgspec.json.decode(request.body, type=IpamAddArgs)
        _check_added(args)
    except (msgspec.DecodeError, CniError) as error:
        return _error(400, f"body of POST /v1/ipam/ip: {error}")
    try:
        outcome = await allocate(parts, _call(parts, args))
    except (KubeError, HostError, OSError) as error:
        return _error(500, f"{type(error).__name__}: {error}; send it again")
    if isinstance(outcome, Refusal):
        return _error(500, str(outcome))
    ips, routes = granted(outcome)
    answer = IpamAddResponse(
        ips=tuple(
            IpConfig(version=ip.family, address=ip.address, nic=args.if_name, ip_pool=ip.pool, gateway=ip.gateway)
            for ip in ips
        ),
        routes=tuple(RouteConfig(if_name=args.if_name, dst=route.dst, gw=route.gw) for route in routes),
    )
    return json_response(answer)


def _check_added(args: IpamAddArgs) -> None:
    """The checks that a CNI call passes too.

    Raises:
        CniError: the first field that is malformed or asks for what is not supported.
    """
    _check_interface(args)
    check_netns("netNamespace", args.net_namespace)
    check_pod_part("podNamespace", "K8S_POD_NAMESPACE", args.pod_namespace)
    check_pod_part("podName", "K8S_POD_NAME", args.pod_name)
    check_pod_part("podUID", "K8S_POD_UID", args.pod_uid)
    if args.match_master_subnet:
        raise CniError(
            Code.INVALID_CONFIGURATION,
            "matchMasterSubnet is true",
            "it is not supported yet; leave it out and name the pools instead",
        )


def _check_interface(args: IpamAddArgs | IpamDelArgs) -> None:
    check_container_id("containerID", args.container_id)
    check_ifname("ifName", args.if_name)


def _call(parts: Parts, args: IpamAddArgs) -> AddCall:
    now_ns = parts.ports.clock.boot_ns()
    return AddCall(
        container_id=args.container_id,
        interface=args.if_name,
        netns=args.net_namespace,
        namespace=args.pod_namespace,
        name=args.pod_name,
        uid=args.pod_uid,
        since_ns=now_ns,
        deadline_ns=now_ns + int(parts.ports.settings.request_seconds * 1e9),
        pools={4: args.default_ipv4_pools, 6: args.default_ipv6_pools},
        clean_gateway=args.clean_gateway,
    )


async def delete(parts: Parts, request: Request) -> Response:
    """DELETE /v1/ipam/ip."""
    try:
        args = msgspec.json.decode(request.body, type=IpamDelArgs)
        _check_interface(args)
    except (msgspec.DecodeError, CniError) as error:
        return _error(400, f"body of DELETE /v1/ipam/ip: {error}")
    if not parts.memory.started:
        return _error(500, "the agent is starting and does not know its node's claims yet; send it again")
    now_ns = parts.ports.clock.boot_ns()
    gone = DelCall(container_id=args.container_id, interface=args.if_name, netns=args.net_namespace, stamp_ns=now_ns)
    parts.memory.note_del(gone.container_id, gone.interface, now_ns, parts.ports.clock.monotonic())
    try:
        await release_container(parts, gone)
    except (KubeError, HostError, OSError) as error:
        return _error(500, f"{type(error).__name__}: {error}; send it again")
    return Response()


async def endpoint(parts: Parts, request: Request) -> Response:
    """GET /v1/workloadendpoint?podNamespace=&podName=."""
    namespace, name = request.query.get("podNamespace", ""), request.query.get("podName", "")
    if not namespace or not name:
        return _error(400, "give both podNamespace and podName in the query")
    claims = [
        claim
        for claim in parts.memory.claims.values()
        if claim.spec.state == "Claimed"
        and (owner := claim.spec.owner)
        and (owner.namespace, owner.name) == (namespace, name)
    ]
    if not claims:
        return _error(404, f"pod {namespace}/{name} has no address on this node")
    interfaces: dict[str, dict[str, str]] = {}
    for claim in sorted(claims, key=lambda claim: claim.name):
        owner = claim.spec.owner
        if owner is not None:
            entry = interfaces.setdefault(owner.interface, {"interface": owner.interface})
            entry |= {
                f"ipv{claim.address.family}": claim.spec.address,
                f"ipv{claim.address.family}Pool": claim.spec.pool.name,
            }
    first = claims[0].spec.owner
    return json_response(
        {
            "podNamespace": namespace,
            "podName": name,
            "podUID": first.uid if first else "",
            "node": parts.ports.node.name,
            "interfaces": [interfaces[key] for key in sorted(interfaces)],
        }
    )


def _error(status: int, message: str) -> Response:
    return json_response(message, status)
