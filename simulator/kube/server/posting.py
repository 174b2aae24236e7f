"""What a POST to a subresource does, and a PUT of what is not there.

Both make something out of a request that does not simply create: a binding changes a pod, an eviction deletes one, a
token is written down nowhere; and some kinds are created by an update that finds nothing.
"""

from typing import Any

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server import subresources
from simulator.kube.server.access.tokens import token_request
from simulator.kube.server.deletion import Deletion
from simulator.kube.server.evictions import evict
from simulator.kube.server.patching.field_ownership import Writer
from simulator.kube.server.reads import get
from simulator.kube.server.refusals import method_not_allowed
from simulator.kube.server.routes import Route
from simulator.kube.server.writes import Writes

Json = dict[str, Any]


async def post_to(writes: Writes, deletion: Deletion, route: Route, request: ApiRequest) -> Json:
    """POST to a subresource.

    Raises:
        Refusal: 405, it takes none; and what each of them says.
    """
    store, now, dry_run = writes.store, writes.clock.now(), bool(request.query.get("dryRun"))
    if route.subresource == "binding":
        make = subresources.binding(request.body, route, now)
        await writes.change(route, make, user=request.user, dry_run=dry_run)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    if route.subresource == "eviction":
        return await evict(store, deletion, route, request.body, user=request.user, dry_run=dry_run)
    if route.subresource == "token":
        return token_request(get(store, route), request.body, route, now)
    raise method_not_allowed()


def is_new(writes: Writes, route: Route) -> bool:
    """Whether a PUT creates: the kind allows it, and there is nothing."""
    if not route.resource.creates_on_update or not route.name or route.subresource:
        return False
    return (route.namespace, route.name) not in writes.store.table(route.resource.table_id).objects


async def create_by_update(writes: Writes, route: Route, request: ApiRequest, writer: Writer | None) -> Json:
    """A PUT of what is not there.

    Raises:
        Refusal: as ``Writes.create``; 409, it names an incarnation.
    """
    subresources.check_newborn(request.body, route)
    body = {**request.body, "metadata": {**request.body["metadata"], "resourceVersion": ""}}
    into, dry_run = msgspec.structs.replace(route, name=""), bool(request.query.get("dryRun"))
    return await writes.create(into, body, user=request.user, dry_run=dry_run, writer=writer)
