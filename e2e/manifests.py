"""The objects that scenarios apply, as small functions: what is said is what the scenario is about."""

from collections.abc import Sequence
from typing import Any

from e2e.cluster import Json

GROUP_VERSION = "spiderpool.spidernet.io/v2beta1"
IMAGE = "localhost/box:1"
SUBNET_V4, GATEWAY_V4 = "10.98.0.0/16", "10.98.255.254"
SUBNET_V6, GATEWAY_V6 = "fd00:98::/64", "fd00:98::ffff"


def pool(name: str, *ips: str, default: bool = True, **spec: Any) -> Json:
    """A pool on the underlay that every backend has; the family follows from the first range."""
    v6 = ":" in ips[0]
    body = {
        "subnet": SUBNET_V6 if v6 else SUBNET_V4,
        "gateway": GATEWAY_V6 if v6 else GATEWAY_V4,
        "ips": list(ips),
        "default": default,
        **spec,
    }
    return {"apiVersion": GROUP_VERSION, "kind": "SpiderIPPool", "metadata": {"name": name}, "spec": body}


def pools(hosts: str = "10-60", *, third: int = 10) -> tuple[Json, Json]:
    """A dual-stack pair of default pools: ``10.98.<third>.<hosts>`` and ``fd00:98::<third>:<hosts>``."""
    first, last = hosts.split("-")
    return (
        pool("v4", f"10.98.{third}.{first}-10.98.{third}.{last}"),
        pool("v6", f"fd00:98::{third}:{first}-fd00:98::{third}:{last}"),
    )


def reserved(name: str, *ips: str) -> Json:
    """Addresses that no pool hands out."""
    return {
        "apiVersion": GROUP_VERSION,
        "kind": "SpiderReservedIP",
        "metadata": {"name": name},
        "spec": {"ips": list(ips)},
    }


def namespace(name: str, **annotations: str) -> Json:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}}


def _pod_spec(seconds: int | None = None, node: str = "") -> Json:
    command = ["sh", "-c", f"sleep {seconds}"] if seconds is not None else ["sleep", "86400"]
    spec: Json = {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "box", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": command}],
    }
    if node:
        spec["nodeName"] = node
    return spec


def pod(name: str, *, namespace: str = "default", node: str = "", annotations: dict[str, str] | None = None) -> Json:
    """A bare pod that runs until it is deleted."""
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _pod_spec(node=node)}


def workload(kind: str, name: str, replicas: int = 1, *, namespace: str = "default", **extra: Any) -> Json:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet of pods labelled ``app=<name>``."""
    spec: Json = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": _pod_spec()},
        **extra,
    }
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def job(name: str, completions: int, *, seconds: int, namespace: str = "default") -> Json:
    """A Job whose pods end by themselves after some seconds."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {**_pod_spec(seconds), "restartPolicy": "Never"}}
    spec = {"completions": completions, "parallelism": completions, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def names(objects: Sequence[Json]) -> list[str]:
    """The names of objects."""
    return [each["metadata"]["name"] for each in objects]
