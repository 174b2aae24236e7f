"""The parts of Kubernetes' own objects that the product looks at. Everything else in them is left undecoded."""

from typing import Any

import msgspec

from spiderpool.resources.meta import ObjectMeta

TAINT_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
CONFIG_HASH = "kubernetes.io/config.hash"


class PodSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Where a pod runs and how it restarts."""

    node_name: str = ""
    host_network: bool = False
    restart_policy: str = "Always"
    termination_grace_period_seconds: int | None = None


class PodStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Phase and reason (``Evicted``)."""

    phase: str = ""
    reason: str = ""


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod."""

    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Taint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A taint of a node."""

    key: str
    effect: str = ""
    value: str = ""


class NodeSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Taints only."""

    taints: tuple[Taint, ...] = ()


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node."""

    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace: labels and annotations."""

    metadata: ObjectMeta


class StatefulSetOrdinals(msgspec.Struct, frozen=True, kw_only=True):
    """The first ordinal."""

    start: int = 0


class StatefulSetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How many ordinals are wanted; the API server defaults ``replicas`` to 1."""

    replicas: int = 1
    ordinals: StatefulSetOrdinals = StatefulSetOrdinals()


class StatefulSet(msgspec.Struct, frozen=True, kw_only=True):
    """A StatefulSet."""

    metadata: ObjectMeta
    spec: StatefulSetSpec = StatefulSetSpec()


class LeaseSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who leads, since when, and how long a silence ends it."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A lease of coordination.k8s.io."""

    metadata: ObjectMeta
    spec: LeaseSpec = LeaseSpec()


class ObjectReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an event is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An event of the core group; it is about one object and says one thing that happened to it."""

    metadata: ObjectMeta
    involved_object: ObjectReference
    reason: str = ""
    message: str = ""
    type: str = "Normal"
    reporting_component: str = ""
    reporting_instance: str = ""
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    count: int = 1
    source: dict[str, Any] = {}


class WebhookClientConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Where an admission webhook is called; the CA bundle is base64."""

    url: str | None = None
    service: dict[str, Any] | None = None
    ca_bundle: str = ""


class Webhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One webhook of a configuration; fields that the product does not set pass through a merge patch untouched."""

    name: str
    client_config: WebhookClientConfig = WebhookClientConfig()


class WebhookConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A Validating- or MutatingWebhookConfiguration."""

    metadata: ObjectMeta
    webhooks: tuple[Webhook, ...] = ()


def uids_of(pod: Pod) -> tuple[str, ...]:
    """The uids by which a runtime may name this incarnation of a pod: the object's, and for a static pod that of its
    manifest on the node, which the mirror object keeps as an annotation.
    """
    names = (pod.metadata.uid, pod.metadata.annotations.get(CONFIG_HASH, ""))
    return tuple(name for name in names if name)
