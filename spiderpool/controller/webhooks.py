"""How the API server is told to ask the admission webhooks, as one table; and the registration of it.

| kind | asked before | when the webhook cannot be reached |
| --- | --- | --- |
| SpiderIPPool, SpiderReservedIP | create, update | the request fails: a pool that nobody checked hands out wrong addresses |
| SpiderIPAddress | delete | the request goes through: a release must never wait for the controller |

Deletes of claims by agent and controller do not even reach the webhook (``matchConditions``); every other one is a forced
release, which ``admission.py`` refuses unless it is announced.
"""

import binascii
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from spiderpool.kube.errors import AlreadyExists, NotFound
from spiderpool.kube.port import Kube
from spiderpool.resources.kinds import CLAIMS, GROUP, POOLS, RESERVED_IPS, VERSION, AnyKind, Kind
from spiderpool.resources.meta import ObjectMeta

CONFIGURATION_NAME: Final = "spiderpool-controller"
SERVICE_NAME: Final = "spiderpool-controller"
SERVICE_ACCOUNTS: Final = ("spiderpool-agent", "spiderpool-controller")
TIMEOUT_SECONDS: Final = 5


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A Validating- or MutatingWebhookConfiguration, its webhooks as they are written."""

    metadata: ObjectMeta
    webhooks: tuple[dict[str, Any], ...] = ()


def _kind(kind: str, plural: str) -> Kind[Configuration]:
    return Kind(
        group="admissionregistration.k8s.io",
        version="v1",
        kind=kind,
        plural=plural,
        namespaced=False,
        model=Configuration,
    )


VALIDATING: Final = _kind("ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
MUTATING: Final = _kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """Where the API server calls the webhooks: by URL if ``url`` is set, else through the controller's Service.

    ``authority`` is the PEM certificate that signs the servers' certificates; empty for a simulated connection.
    ``guards_releases`` is off for an API server without ``matchConditions`` (before Kubernetes 1.28): there the webhook
    for deletes would see every release of every agent.
    """

    url: str = ""
    namespace: str = ""
    port: int = 443
    authority: bytes = b""
    guards_releases: bool = True


def path_of(action: str, kind: AnyKind) -> str:
    """The path of one webhook: ``/validate-spiderpool-spidernet-io-v2beta1-spiderippool``."""
    return f"/{action}-{GROUP.replace('.', '-')}-{VERSION}-{kind.kind.lower()}"


def usernames(namespace: str) -> tuple[str, ...]:
    """The users that agent and controller are, when they run in this namespace."""
    return tuple(f"system:serviceaccount:{namespace}:{account}" for account in SERVICE_ACCOUNTS)


async def register(kube: Kube, address: WebhookAddress, namespace: str) -> None:
    """Have the API server ask the webhooks; writes nothing when it already does.

    Args:
        kube: the API server.
        address: where it reaches the webhooks.
        namespace: where agent and controller run.

    Raises:
        KubeError: a configuration could not be read or written.
    """
    for kind, webhooks in ((MUTATING, mutating(address)), (VALIDATING, validating(address, namespace))):
        await _put(kube, kind, webhooks)


async def _put(kube: Kube, kind: Kind[Configuration], webhooks: tuple[dict[str, Any], ...]) -> None:
    try:
        present = await kube.get(kind, CONFIGURATION_NAME)
    except NotFound:
        try:
            await kube.create(kind, Configuration(metadata=ObjectMeta(name=CONFIGURATION_NAME), webhooks=webhooks))
            return
        except AlreadyExists:
            present = await kube.get(kind, CONFIGURATION_NAME)
    if present.webhooks != webhooks:
        await kube.patch(kind, CONFIGURATION_NAME, {"webhooks": list(webhooks)})


def mutating(address: WebhookAddress) -> tuple[dict[str, Any], ...]:
    """The webhooks that complete objects."""
    return tuple(
        {**_webhook("mutate", kind, ["CREATE", "UPDATE"], "Fail", address), "reinvocationPolicy": "Never"}
        for kind in (POOLS, RESERVED_IPS)
    )


def validating(address: WebhookAddress, namespace: str) -> tuple[dict[str, Any], ...]:
    """The webhooks that refuse objects."""
    checked = tuple(_webhook("validate", kind, ["CREATE", "UPDATE"], "Fail", address) for kind in (POOLS, RESERVED_IPS))
    if not address.guards_releases:
        return checked
    ours = ", ".join(f"'{name}'" for name in usernames(namespace))
    forced = {"name": "forced", "expression": f"!(request.userInfo.username in [{ours}])"}
    return (
        *checked,
        {**_webhook("validate", CLAIMS, ["DELETE"], "Ignore", address), "matchConditions": [forced]},
    )


def _webhook(
    action: str, kind: AnyKind, operations: list[str], failure_policy: str, address: WebhookAddress
) -> dict[str, Any]:
    """One webhook, with every default of the API server written out, so that comparing finds no difference at rest."""
    return {
        "name": f"{action}.{kind.kind.lower()}.{GROUP}",
        "admissionReviewVersions": ["v1"],
        "clientConfig": _client_config(path_of(action, kind), address),
        "failurePolicy": failure_policy,
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "rules": [
            {
                "apiGroups": [kind.group],
                "apiVersions": [kind.version],
                "operations": operations,
                "resources": [kind.plural],
                "scope": "*",
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": TIMEOUT_SECONDS,
    }


def _client_config(path: str, address: WebhookAddress) -> dict[str, Any]:
    trust = {"caBundle": binascii.b2a_base64(address.authority, newline=False).decode()} if address.authority else {}
    if address.url:
        return {"url": address.url.rstrip("/") + path, **trust}
    service = {"namespace": address.namespace, "name": SERVICE_NAME, "path": path, "port": address.port}
    return {"service": service, **trust}
