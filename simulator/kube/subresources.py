"""The subresources with a body of their own: binding, eviction, scale, and the finalize of namespaces."""

from typing import Any

from simulator.kube import metadata as meta
from simulator.kube.deletion import Deletion, options_of
from simulator.kube.refusals import bad_request, conflict, not_found
from simulator.kube.routes import Route
from simulator.kube.store import Store
from simulator.kube.writes import Make, Writes, own_copy

Json = dict[str, Any]


def binding(body: Any, route: Route) -> Make:
    """POST /binding: give a pod its node, once.

    Raises:
        Refusal: 400 no node named; 409 the pod has a node or is being deleted (when made).
    """
    given = own_copy(body)
    given = given if isinstance(given, dict) else {}
    target = (given.get("target") or {}).get("name")
    if not target:
        raise bad_request("a binding names its node in target.name")
    wanted = given.get("metadata") or {}

    def make(old: Json) -> Json:
        for name in ("uid", "resourceVersion"):
            if wanted.get(name) and wanted[name] != old["metadata"][name]:
                raise conflict("", "pods/binding", route.name, f"the binding is of another {name}")
        node = old["spec"].get("nodeName")
        if node:
            raise conflict("", "pods/binding", route.name, f"pod {route.name} is already assigned to node {node!r}")
        if old["metadata"].get("deletionTimestamp"):
            raise conflict("", "pods/binding", route.name, f"pod {route.name} is being deleted, cannot be assigned")
        fresh: Json = own_copy(old)
        fresh["spec"]["nodeName"] = target
        annotations = wanted.get("annotations") or {}
        if annotations:
            fresh["metadata"].setdefault("annotations", {}).update(annotations)
        return _with_condition(fresh, target)

    return make


def _with_condition(pod: Json, node: str) -> Json:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [have for have in conditions if have.get("type") != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": None})
    return pod


def scale_of(item: Json) -> Json:
    """GET /scale of a workload."""
    metadata, spec = item["metadata"], item.get("spec") or {}
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            name: metadata[name]
            for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if name in metadata
        },
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {
            "replicas": (item.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={labels[key]}" for key in sorted(labels)),
        },
    }


def rescaling(make_scale: Make) -> Make:
    """PUT or PATCH of /scale, as a change of the workload.

    Args:
        make_scale: from the current Scale to the next.
    """

    def make(old: Json) -> Json:
        scale = make_scale(scale_of(old))
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            raise bad_request("spec.replicas must be a number from 0")
        revision = (scale.get("metadata") or {}).get("resourceVersion")
        fresh = {**old, "metadata": dict(old["metadata"]), "spec": {**old["spec"], "replicas": replicas}}
        if revision:
            fresh["metadata"]["resourceVersion"] = revision
        return fresh

    return make


async def evict(deletion: Deletion, route: Route, body: Any, *, user: str) -> Json:
    """POST /eviction: a delete that a disruption budget could refuse; budgets are not served, so none does."""
    options = options_of((body or {}).get("deleteOptions"), {})
    await deletion.delete(route, options, user=user)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def finalize(writes: Writes, store: Store, route: Route, body: Any) -> Json:
    """PUT /finalize of a namespace: set its finalizers; a deleted namespace without any is gone."""
    table = store.table(route.resource.table_id)
    old = table.objects.get(("", route.name))
    item = meta.require_object(own_copy(body), route.resource)
    if old is None:
        raise not_found("", "namespaces", route.name)
    meta.check_identity(item, old, route.resource)
    finalizers = (item.get("spec") or {}).get("finalizers") or []
    fresh: Json = {**old, "metadata": dict(old["metadata"]), "spec": {"finalizers": finalizers}}
    metadata = fresh["metadata"]
    if metadata.get("deletionTimestamp") and not finalizers and not metadata.get("finalizers"):
        store.remove(route.resource.table_id, old)
        return fresh
    return old if fresh["spec"] == old.get("spec") else store.put(route.resource.table_id, old, fresh)
