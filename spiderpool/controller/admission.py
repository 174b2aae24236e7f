"""The admission webhooks: objects are completed on the way in, and what cannot be right is refused with every reason.

| path | asked about | does |
| --- | --- | --- |
| /mutate-…-spiderippool | create, update | ``ipVersion``, merged ranges, the finalizer |
| /mutate-…-spiderreservedip | create, update | ``ipVersion``, merged ranges |
| /validate-…-spiderippool | create, update | the rules of ``resources/pool_rules.py`` |
| /validate-…-spiderreservedip | create, update | the rules of ``resources/reserved_rules.py`` |
| /validate-…-spideripaddress | delete | only agent and controller release; others must announce that they force it |

Refusing to take away addresses in use is advice, not a guard: the webhook reads before the edit commits, so a claim may
slip in between (ledger rule E5). What holds is made by agents, who read the pool after they have claimed, and told by
the ``Settled`` condition. A webhook that cannot read the API server answers 500, and the failure policy decides.
"""

import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from spiderpool.controller.pool_status import FINALIZER
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.webhooks import path_of, usernames
from spiderpool.kube.errors import KubeError
from spiderpool.ports.http import Request, Response, json_response
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS, POOLS, RESERVED_IPS, Kind
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.pool_rules import normalise, refusals
from spiderpool.resources.refusal import Refusal
from spiderpool.resources.reserved import SpiderReservedIP
from spiderpool.resources.reserved_rules import normalise_reserved, reserved_refusals

T = TypeVar("T", SpiderIPPool, SpiderReservedIP)
M = TypeVar("M")

FORCE_RELEASE: Final = "ipam.spidernet.io/force-release"

Patch = list[dict[str, Any]]


class UserInfo(msgspec.Struct, frozen=True):
    """Who asks."""

    username: str = ""


class AdmissionRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One request of admission.k8s.io/v1, as far as it is looked at."""

    uid: str
    operation: str = ""
    name: str = ""
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None
    user_info: UserInfo = UserInfo()


class AdmissionReview(msgspec.Struct, frozen=True):
    """The envelope."""

    request: AdmissionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """It may be stored, changed as ``patch`` says."""

    patch: Patch


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """It is refused: HTTP code, reason and message as ``kubectl`` shows them, and the fields."""

    code: int
    reason: str
    message: str
    refusals: Sequence[Refusal] = ()


Answer = Allowed | Denied
Webhook = Callable[[ControllerPorts, AdmissionRequest], Awaitable[Answer]]


async def admit(ports: ControllerPorts, request: Request) -> Response | None:
    """Answer a webhook call; None when the path is none of a webhook."""
    webhook = WEBHOOKS.get(request.path)
    if webhook is None:
        return None
    try:
        review = msgspec.json.decode(request.body, type=AdmissionReview)
    except msgspec.DecodeError as error:
        return json_response({"error": f"the body is not an AdmissionReview: {error}"}, 400)
    asked = review.request
    try:
        answer = await webhook(ports, asked)
    except msgspec.ValidationError as error:
        answer = Denied(code=422, reason="Invalid", message=f"the object cannot be read: {error}")
    except KubeError as error:
        ports.telemetry.log("warning", "an admission request could not be judged", path=request.path, error=str(error))
        return json_response({"error": f"the API server could not be asked: {error}"}, 500)
    verdict = "allowed" if isinstance(answer, Allowed) else "denied"
    ports.telemetry.count("admission", path=request.path, operation=asked.operation, verdict=verdict)
    return json_response(_review_of(asked.uid, answer))


def _review_of(uid: str, answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"uid": uid, "allowed": isinstance(answer, Allowed)}
    if isinstance(answer, Denied):
        causes = [{"field": item.field, "message": f"{item.value!r}: {item.reason}"} for item in answer.refusals]
        details = {"details": {"causes": causes}} if causes else {}
        response["status"] = {"code": answer.code, "reason": answer.reason, "message": answer.message, **details}
    elif answer.patch:
        patch = binascii.b2a_base64(msgspec.json.encode(answer.patch), newline=False).decode()
        response |= {"patchType": "JSONPatch", "patch": patch}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


async def _complete_pool(ports: ControllerPorts, asked: AdmissionRequest) -> Answer:
    pool = _object(asked, POOLS)
    return Allowed(patch=[*_finalizer_patch(pool.metadata), *_spec_patch(pool, normalise(pool))])


async def _complete_reserved(ports: ControllerPorts, asked: AdmissionRequest) -> Answer:
    reserved = _object(asked, RESERVED_IPS)
    return Allowed(patch=_spec_patch(reserved, normalise_reserved(reserved)))


async def _check_pool(ports: ControllerPorts, asked: AdmissionRequest) -> Answer:
    pool, old = _object(asked, POOLS), _old(asked, POOLS)
    if old is not None and old.spec == pool.spec:
        return Allowed(patch=[])
    others = (await ports.kube.list(POOLS)).items
    claims: Sequence[SpiderIPAddress] = () if old is None else (await ports.kube.list(CLAIMS)).items
    return _verdict("SpiderIPPool", pool.metadata.name, refusals(pool, old=old, others=others, claims=claims))


async def _check_reserved(ports: ControllerPorts, asked: AdmissionRequest) -> Answer:
    reserved = _object(asked, RESERVED_IPS)
    found = reserved_refusals(reserved, old=_old(asked, RESERVED_IPS))
    return _verdict("SpiderReservedIP", reserved.metadata.name, found)


async def _check_release(ports: ControllerPorts, asked: AdmissionRequest) -> Answer:
    claim = _old(asked, CLAIMS)
    if asked.operation != "DELETE" or claim is None:
        return Allowed(patch=[])
    if asked.user_info.username in usernames(ports.settings.pod_namespace):
        return Allowed(patch=[])
    if claim.metadata.annotations.get(FORCE_RELEASE) == "true":
        ports.telemetry.log("warning", "a claim is force-released", claim=claim.name, user=asked.user_info.username)
        return Allowed(patch=[])
    message = (
        f"address {claim.name} may still be on an interface; only its node's agent and the controller release it. To "
        f"force it: kubectl annotate sip {claim.name} {FORCE_RELEASE}=true, then delete"
    )
    return Denied(code=403, reason="Forbidden", message=message)


WEBHOOKS: Final[Mapping[str, Webhook]] = {
    path_of("mutate", POOLS): _complete_pool,
    path_of("mutate", RESERVED_IPS): _complete_reserved,
    path_of("validate", POOLS): _check_pool,
    path_of("validate", RESERVED_IPS): _check_reserved,
    path_of("validate", CLAIMS): _check_release,
}


def _verdict(kind: str, name: str, found: Sequence[Refusal]) -> Answer:
    if not found:
        return Allowed(patch=[])
    message = f"{kind} {name}: " + "; ".join(str(refusal) for refusal in found)
    return Denied(code=422, reason="Invalid", message=message, refusals=found)


def _object(asked: AdmissionRequest, kind: Kind[M]) -> M:
    """The object that is to be stored.

    Raises:
        msgspec.ValidationError: it is not one of this kind.
    """
    return msgspec.convert(asked.object, kind.model)


def _old(asked: AdmissionRequest, kind: Kind[M]) -> M | None:
    return None if asked.old_object is None else msgspec.convert(asked.old_object, kind.model)


def _finalizer_patch(metadata: ObjectMeta) -> Patch:
    """The finalizer is added to every pool that is not on its way out."""
    if FINALIZER in metadata.finalizers or metadata.deletion_timestamp:
        return []
    return [{"op": "add", "path": "/metadata/finalizers", "value": [*metadata.finalizers, FINALIZER]}]


def _spec_patch(before: T, after: T) -> Patch:
    """Operations for the fields of the spec that differ; fields that no model names stay untouched."""
    old, new = msgspec.to_builtins(before.spec), msgspec.to_builtins(after.spec)
    changed = [name for name in sorted({**old, **new}) if old.get(name) != new.get(name)]
    return [
        {"op": "add", "path": f"/spec/{name}", "value": new[name]}
        if name in new
        else {"op": "remove", "path": f"/spec/{name}"}
        for name in changed
    ]
