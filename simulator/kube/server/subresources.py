"""The subresources with a body of their own: binding, eviction, scale, and the finalize of namespaces."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.api_time import api_time
from simulator.kube.server import metadata as meta
from simulator.kube.server.field_errors import not_supported
from simulator.kube.server.kinds.pod_rules import not_negative
from simulator.kube.server.patching.field_ownership import Writer, put_entries, updated
from simulator.kube.server.refusals import Refusal, bad_request, conflict, invalid, not_found
from simulator.kube.server.routes import Route
from simulator.kube.server.selector_rules import as_text
from simulator.kube.server.store import Store
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]


def binding(body: Any, route: Route, now: float) -> Make:
    """POST /binding: give a pod its node, once.

    Raises:
        Refusal: 400 no node named; 409 the pod has a node or is being deleted (when made).
    """
    given = own_copy(body)
    given = given if isinstance(given, dict) else {}
    wanted, to = given.get("metadata") or {}, given.get("target") or {}
    target, kind = to.get("name"), to.get("kind")
    if kind not in (None, "", "Node"):
        cause = not_supported("target.kind", kind, ("Node", "<empty>"))
        raise Refusal(500, "", f"{cause.field}: {cause.message}")
    if wanted.get("name", route.name) != route.name:
        raise bad_request("name in URL does not match name in Binding object")
    if not target:
        raise Refusal(500, "", "target.name: Required value")

    def make(old: Json) -> Json:
        if wanted.get("uid") or wanted.get("resourceVersion"):
            identity = {name: wanted.get(name) for name in ("uid", "resourceVersion")}
            meta.check_identity({"metadata": {"name": route.name, **identity}}, old, route.resource)
            meta.check_revision(identity["resourceVersion"], old, route.resource)
        node = old["spec"].get("nodeName")
        why = ""
        if old["metadata"].get("deletionTimestamp"):
            why = f"pod {route.name} is being deleted, cannot be assigned to a host"
        elif node:
            why = f'pod {route.name} is already assigned to node "{node}"'
        elif old["spec"].get("schedulingGates"):
            why = f"pod {route.name} has non-empty .spec.schedulingGates"
        if why:
            raise conflict("", "pods/binding", route.name, why)
        fresh: Json = own_copy(old)
        fresh["spec"]["nodeName"] = target
        for name in ("annotations", "labels"):
            if wanted.get(name):
                fresh["metadata"].setdefault(name, {}).update(wanted[name])
        return _bound(fresh, now)

    return make


def _bound(pod: Json, now: float) -> Json:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [have for have in conditions if have.get("type") != "PodScheduled"]
    when = api_time(now)
    conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": when})
    return pod


_SCALED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(item: Json) -> Json:
    """GET /scale of a workload."""
    metadata, spec = item["metadata"], item.get("spec") or {}
    selector = spec.get("selector") or {}
    if item["kind"] == "ReplicationController":
        selector = {"matchLabels": selector}
    replicas = spec.get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in _SCALED if name in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": (item.get("status") or {}).get("replicas", 0),
            "selector": as_text(selector),
        },
    }


_ENTRY = ("manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1")


def with_owners(scale: Json, item: Json, way: Sequence[str]) -> Json:
    """The Scale as a patch sees it: with who owns the count of replicas.

    Args:
        scale: of ``item``; changed.
        item: a workload.
        way: to its count of replicas.
    """
    owned: Json = {"f:spec": {"f:replicas": {}}}
    fresh = {"apiVersion": "autoscaling/v1", "fieldsV1": owned}
    entries = [
        {name: value for name in _ENTRY if (value := fresh.get(name, entry.get(name))) is not None}
        for entry in item["metadata"].get("managedFields") or ()
        if _owns(entry.get("fieldsV1"), way) and entry.get("subresource", "") in ("", "scale")
    ]
    if entries:
        scale["metadata"]["managedFields"] = entries
    return scale


def _owns(fields: Any, way: Sequence[str]) -> bool:
    for step in way:
        if not isinstance(fields, Mapping) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True


def rescaling(make_scale: Make, route: Route) -> Make:
    """PUT or PATCH of /scale, as a change of the workload.

    Args:
        make_scale: from the current Scale to the next.
        route: the workload.
    """

    def make(old: Json) -> Json:
        scale = make_scale(with_owners(scale_of(old), old, ("spec", "replicas")))
        metadata = scale.get("metadata") or {}
        _check_name(metadata.get("name", ""), route)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if causes := not_negative("spec.replicas", replicas):
            raise invalid("autoscaling", "Scale", route.name, causes)
        fresh = {**old, "metadata": dict(old["metadata"]), "spec": {**old["spec"], "replicas": replicas}}
        for name in ("uid", "resourceVersion"):
            if metadata.get(name):
                fresh["metadata"][name] = metadata[name]
        return fresh

    return make


def _check_name(given: str, route: Route) -> None:
    if not given:
        raise bad_request(
            f"the name of the object ({route.name} based on URL) was undeterminable: name must be provided"
        )
    if given != route.name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({route.name})")


def check_newborn(body: Any, route: Route) -> None:
    """What a PUT says about an object that is not there yet.

    Raises:
        Refusal: 400 another name; 409 it names an incarnation.
    """
    metadata = (body.get("metadata") or {}) if isinstance(body, dict) else {}
    _check_name(metadata.get("name", ""), route)
    if metadata.get("uid"):
        resource, nobody = route.resource, {"name": route.name, "namespace": route.namespace, "uid": ""}
        why = meta.other_uid(metadata["uid"], nobody, resource)
        raise conflict(resource.group, resource.plural, route.name, why)


def debugging(make: Make) -> Make:
    """PUT or PATCH of /ephemeralcontainers: of what is sent, only the containers for debugging count."""

    def only(old: Json) -> Json:
        sent = make(old)
        fresh = {**old, "metadata": {**old["metadata"]}, "spec": dict(old["spec"])}
        for name in ("uid", "resourceVersion"):
            if sent["metadata"].get(name):
                fresh["metadata"][name] = sent["metadata"][name]
        containers = (sent.get("spec") or {}).get("ephemeralContainers")
        if containers:
            fresh["spec"]["ephemeralContainers"] = containers
        else:
            fresh["spec"].pop("ephemeralContainers", None)
        return fresh

    return only


def approving(make: Make, now: float) -> Make:
    """PUT or PATCH of /approval: of what is sent, only the conditions count, and they are dated."""
    when = api_time(now)

    def only(old: Json) -> Json:
        sent = make(old)
        fresh = {**old, "metadata": {**old["metadata"]}, "status": dict(old.get("status") or {})}
        for name in ("uid", "resourceVersion"):
            if sent["metadata"].get(name):
                fresh["metadata"][name] = sent["metadata"][name]
        conditions = (sent.get("status") or {}).get("conditions")
        if conditions:
            dates = {"lastUpdateTime": when, "lastTransitionTime": when}
            fresh["status"]["conditions"] = [{**dates, **condition} for condition in conditions]
        else:
            fresh["status"].pop("conditions", None)
        return fresh

    return only


def finalize(store: Store, route: Route, body: Any, now: float, writer: Writer | None) -> Json:
    """PUT /finalize of a namespace: set its finalizers; a deleted namespace without any is gone."""
    table = store.table(route.resource.table_id)
    old = table.objects.get(("", route.name))
    item = meta.require_object(own_copy(body), route.resource)
    if old is None:
        raise not_found("", "namespaces", route.name)
    meta.check_identity(item, old, route.resource)
    meta.check_revision(item["metadata"].get("resourceVersion"), old, route.resource)
    finalizers = (item.get("spec") or {}).get("finalizers") or []
    spec = {"finalizers": finalizers} if finalizers else {}
    fresh: Json = {**old, "metadata": dict(old["metadata"]), "spec": spec}
    metadata = fresh["metadata"]
    if metadata.get("deletionTimestamp") and not finalizers and not metadata.get("finalizers"):
        store.remove(route.resource.table_id, old)
        return fresh
    if fresh["spec"] == old.get("spec"):
        return old
    if writer is not None:
        put_entries(fresh, updated(old, fresh, None, route.resource, writer, api_time(now)))
    return store.put(route.resource.table_id, old, fresh)
