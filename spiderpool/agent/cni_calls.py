"""The CNI verbs as the agent serves them: understand what the plugin forwarded, do it, answer in CNI's form.

The answer to the plugin is what goes to its stdout, with the exit code in a header; all texts and codes are made here,
so that the plugin stays small.
"""

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from spiderpool.agent import journal
from spiderpool.agent.allocate import allocate
from spiderpool.agent.answers import cni_error, granted
from spiderpool.agent.attachment import AddCall, DelCall
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import release_container
from spiderpool.agent.tombstones import bury
from spiderpool.cni.config import NetworkConfig, parse_config, parse_config_of_delete, version_of
from spiderpool.cni.dispatch import VERBS, admit
from spiderpool.cni.environment import Call, parse_call, pod_args
from spiderpool.cni.errors import CniError, Code
from spiderpool.cni.forwarded import EXIT_HEADER, PATH_PREFIX, Forwarded, understand
from spiderpool.cni.results import IpResult, RouteResult, add_result, addresses_of
from spiderpool.host.port import HostError
from spiderpool.ipam.refusals import Refusal
from spiderpool.kube.errors import KubeError
from spiderpool.ports.http import Request, Response

STARTING_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """One call, understood. ``started_at`` is when the agent began to start, on the monotonic clock."""

    parts: Parts
    request: Request
    forwarded: Forwarded
    call: Call
    config: NetworkConfig
    started_at: float


async def serve_cni(parts: Parts, request: Request, started_at: float) -> Response:
    """Answer one forwarded call."""
    try:
        forwarded = understand(request.path, request.headers, request.body)
        if forwarded.verb not in _SERVED:
            raise CniError(
                Code.INVALID_ENVIRONMENT, f"CNI_COMMAND is {forwarded.verb}", f"served are {', '.join(_SERVED)}"
            )
        served = _Served(
            parts=parts,
            request=request,
            forwarded=forwarded,
            call=parse_call({**forwarded.variables, "CNI_COMMAND": forwarded.verb}),
            config=_config(forwarded),
            started_at=started_at,
        )
        stdout = await _SERVED[forwarded.verb](served)
    except ValueError as error:
        return _answer(1, CniError(Code.INVALID_ENVIRONMENT, str(error)).to_json())
    except CniError as error:
        return _answer(1, error.to_json(version_of(request.body)))
    except HostError as error:
        refused = CniError(Code.TRY_LATER, f"the node could not do it: {error}")
        return _answer(1, refused.to_json(version_of(request.body)))
    except KubeError as error:
        refused = CniError(
            Code.TRY_LATER,
            f"the API server did not answer: {type(error).__name__}: {error}",
            "the runtime comes again; if it stays, see whether this node reaches the API server",
        )
        return _answer(1, refused.to_json(version_of(request.body)))
    except OSError as error:
        return _disk_failed(parts, request, error)
    except Exception as error:  # noqa: BLE001  a defect of ours must reach the runtime in CNI's form, and the log whole
        parts.ports.telemetry.log("error", "defect", path=request.path, traceback=traceback.format_exc())
        said = f"defect of Spiderpool: {type(error).__name__}: {error}"
        defect = CniError(Code.INTERNAL, said, "the agent's log has the traceback; please report it")
        return _answer(1, defect.to_json(version_of(request.body)))
    return _answer(0, stdout)


def _answer(exit_code: int, stdout: bytes) -> Response:
    return Response(headers={EXIT_HEADER: str(exit_code), "content-type": "application/json"}, body=stdout)


def _disk_failed(parts: Parts, request: Request, error: OSError) -> Response:
    """The journal or the spool cannot be written. A DEL is answered as by nobody (no exit header), so that the plugin
    writes it down itself, or says that it cannot.
    """
    said = f"the disk of node {parts.ports.node.name} failed: {error}"
    parts.ports.telemetry.count("disk_errors")
    parts.ports.telemetry.log("error", "the disk fails", path=request.path, error=str(error))
    if request.path == f"{PATH_PREFIX}del":
        return Response(status=500, body=said.encode())
    folders = f"{parts.ports.settings.journal_folder} and {parts.ports.settings.spool_folder}"
    refused = CniError(Code.IO_FAILURE, said, f"make room, or mend what keeps the agent from writing to {folders}")
    return _answer(1, refused.to_json(version_of(request.body)))


def _config(forwarded: Forwarded) -> NetworkConfig:
    lossy = VERBS[forwarded.verb].lossy_configuration
    config = parse_config_of_delete(forwarded.stdin) if lossy else parse_config(forwarded.stdin)
    admit(VERBS[forwarded.verb], config)
    return config


async def _add(served: _Served) -> bytes:
    pod = pod_args(served.call.args)
    outcome = await allocate(
        served.parts,
        AddCall(
            container_id=served.call.container_id,
            interface=served.call.ifname,
            netns=served.call.netns,
            namespace=pod.namespace,
            name=pod.name,
            uid=pod.uid,
            since_ns=served.forwarded.since_ns,
            deadline_ns=served.forwarded.deadline_ns,
            network=served.config.name,
            pools={4: served.config.ipam.default_ipv4_ippool, 6: served.config.ipam.default_ipv6_ippool},
            clean_gateway=served.config.ipam.clean_gateway,
        ),
    )
    if isinstance(outcome, Refusal):
        raise cni_error(outcome)
    ips, routes = granted(outcome)
    return add_result(
        served.config.cni_version,
        [IpResult(address=ip.address, gateway=ip.gateway) for ip in ips],
        [RouteResult(destination=route.dst, gateway=route.gw) for route in routes],
    )


def _note_del(parts: Parts, gone: DelCall) -> None:
    """From here on an older ADD of this container hands nothing out."""
    parts.memory.note_del(gone.container_id, gone.interface, gone.stamp_ns, parts.ports.clock.monotonic())


async def replay_del(parts: Parts, forwarded: Forwarded) -> bool:
    """Carry out a DEL that was buried; False when it must stay buried. One that cannot be understood is dropped."""
    try:
        call = parse_call({**forwarded.variables, "CNI_COMMAND": "DEL"})
    except CniError as error:
        parts.ports.telemetry.log("error", "a buried DEL cannot be understood; dropped", error=str(error))
        return True
    of_this_boot = forwarded.since_ns <= parts.ports.clock.boot_ns()
    stamp_ns = forwarded.since_ns if of_this_boot else 0  # an earlier boot's: it means no claim of this one
    gone = DelCall(container_id=call.container_id, interface=call.ifname, netns=call.netns, stamp_ns=stamp_ns)
    if of_this_boot:
        _note_del(parts, gone)
    try:
        claims = await release_container(parts, gone)
    except (KubeError, HostError) as error:
        parts.ports.telemetry.log("warning", "a buried DEL waits", container=gone.container_id, why=str(error))
        return False
    released = ", ".join(claim.spec.address for claim in claims)
    parts.ports.telemetry.log("info", "buried DEL carried out", container=gone.container_id, released=released)
    return True


async def _del(served: _Served) -> bytes:
    """Release now, or remember and release later; a DEL never fails."""
    gone = DelCall(
        container_id=served.call.container_id,
        interface=served.call.ifname,
        netns=served.call.netns,
        stamp_ns=served.forwarded.since_ns,
    )
    _note_del(served.parts, gone)
    try:
        if served.parts.memory.started:
            await release_container(served.parts, gone)
            return b""
        why = "the agent is starting"
    except (KubeError, HostError) as error:
        why = f"{type(error).__name__}: {error}"
    await bury(served.parts, served.request, gone.container_id, gone.interface, gone.stamp_ns)
    served.parts.ports.telemetry.log("warning", "DEL remembered as a tombstone", container=gone.container_id, why=why)
    return b""


async def _check(served: _Served) -> bytes:
    """Every address that the result of ADD lists is still claimed by exactly this container."""
    if not served.parts.memory.started:
        raise CniError(Code.TRY_LATER, "the agent is starting and does not know its node's claims yet")
    held = {
        claim.spec.address for claim in served.parts.memory.of_container(served.call.container_id, served.call.ifname)
    }
    lost = [address for address in addresses_of(served.config.previous_result or {}) if address not in held]
    if lost or not held:
        what = ", ".join(lost) or f"any address of {served.call.ifname}"
        raise CniError(
            Code.ADDRESS_LOST,
            f"container {served.call.container_id} does not hold {what}",
            "delete the pod, so that it gets an address again; `spiderpoolctl ip show` tells who holds it",
        )
    return b""


async def _gc(served: _Served) -> bytes:
    """Release attachments of this network that the runtime no longer knows; those of other networks are not ours."""
    if not served.parts.memory.started:
        raise CniError(Code.TRY_LATER, "the agent is starting and does not know its node's claims yet")
    valid = {(one.container_id, one.ifname) for one in served.config.valid_attachments or ()}
    for entry in await journal.entries(served.parts):
        if entry.network == served.config.name and (entry.container_id, entry.interface) not in valid:
            gone = DelCall(
                container_id=entry.container_id,
                interface=entry.interface,
                netns=entry.netns.path,
                stamp_ns=served.forwarded.since_ns,
            )
            _note_del(served.parts, gone)
            await release_container(served.parts, gone)
    return b""


async def _status(served: _Served) -> bytes:
    """Only lasting faults: a failing STATUS takes the node out of service within seconds."""
    waited_seconds = served.parts.ports.clock.monotonic() - served.started_at
    if not served.parts.memory.started and waited_seconds > STARTING_SECONDS_MAX:
        raise CniError(
            Code.UNAVAILABLE,
            f"the agent has been starting for {waited_seconds:.0f} s and does not know its node's claims",
            "look at the agent's log: it probably cannot reach the API server",
        )
    return b""


_SERVED: dict[str, Callable[[_Served], Awaitable[bytes]]] = {
    "ADD": _add,
    "DEL": _del,
    "CHECK": _check,
    "GC": _gc,
    "STATUS": _status,
}
