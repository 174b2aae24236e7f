"""The request of a server-side apply: what it has to say, and who the writer of any request is."""

from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.patching.field_ownership import Writer, applied
from simulator.kube.server.patching.patches import check_name, check_uid
from simulator.kube.server.patching.write_options import APPLY, MANAGER_BYTES, media_of
from simulator.kube.server.refusals import bad_request, conflict
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]


def writer_of(request: ApiRequest, route: Route) -> Writer:
    """Who writes: the manager that the request names, or the program that its user agent names."""
    program = request.user_agent.partition("/")[0]
    manager = request.query.get("fieldManager") or "".join(filter(str.isprintable, program))[:MANAGER_BYTES]
    applies = request.method == "PATCH" and media_of(request) == APPLY
    return Writer(manager=manager or "unknown", applies=applies, subresource=route.subresource)


def wanted_of(body: Any, resource: Resource) -> Json:
    """What is applied.

    Raises:
        Refusal: 400, it is no object of this kind.
    """
    config = own_copy(body)
    if not isinstance(config, dict):
        what = "array" if isinstance(config, list) else type(config).__name__
        message = f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding patch: error unmarshaling JSON: while decoding JSON: {message}")
    if (config.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    api_version, kind = config.get("apiVersion", ""), config.get("kind", "")
    if (api_version, kind) != (resource.api_version, resource.kind):
        shown = api_version if "/" in api_version else f"/{api_version}" if api_version else "/"
        raise bad_request(f"invalid object type: {shown}, Kind={kind}")
    return config


def newborn(config: Json, route: Route, writer: Writer, now: str) -> Json:
    """The object that an apply creates.

    Raises:
        Refusal: 409, it names the identity of an object that is not there; and as ``applied``.
    """
    resource = route.resource
    item = applied(None, config, resource, writer, now, force=False)
    uid = (config.get("metadata") or {}).get("uid")
    if uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(resource.group, resource.plural, route.name, why)
    item["metadata"].pop("resourceVersion", None)
    check_name(str((config.get("metadata") or {}).get("name") or ""), route.name)
    return item


def applying(config: Json, route: Route, writer: Writer, now: str, *, force: bool) -> Make:
    """An apply to what is there, as a change of it.

    Raises:
        Refusal: as ``applied``, and 422 for another identity (when made).
    """
    resource = route.resource

    def make(old: Json) -> Json:
        item: Json = own_copy(applied(old, config, resource, writer, now, force=force))
        check_name(str((config.get("metadata") or {}).get("name") or ""), route.name)
        check_uid(item["metadata"].get("uid"), old["metadata"], resource)
        return item

    return make
