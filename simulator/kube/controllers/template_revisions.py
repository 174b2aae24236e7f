"""ControllerRevisions: the templates that a StatefulSet or DaemonSet had, so that its rollouts have a history.

One object for each template, named after the template's hash. The one in use has the highest number; a template that
comes back gets a new number. The pods carry the hash, so what is in use is never forgotten, whatever the limit.
"""

from collections.abc import Collection

from simulator.kube.api import Json, copy_of
from simulator.kube.client import ApiError
from simulator.kube.controllers.owned_pods import owner_reference
from simulator.kube.controllers.plane import Plane
from simulator.kube.view import uid_of

_HISTORY = 10


async def keep_revision(plane: Plane, item: Json, kind: str, label: str, hashed: str, used: Collection[str]) -> None:
    """See to it that the template of ``item`` is the newest revision, and forget what is too old.

    Args:
        plane: the views.
        item: the workload.
        kind: what it is.
        label: under which a revision carries the hash.
        hashed: the hash of its template.
        used: names of other revisions that are not to be forgotten.

    Raises:
        ApiError: refused.
    """
    name = f"{item['metadata']['name']}-{hashed}"
    known = sorted(plane.controllerrevisions.indexed("controller", uid_of(item)), key=lambda one: int(one["revision"]))
    newest = known[-1] if known else None
    if newest is None or newest["metadata"]["name"] != name:
        number = int(newest["revision"]) + 1 if newest is not None else 1
        mine = next((one for one in known if one["metadata"]["name"] == name), None)
        await _write(plane, _revision(item, kind, label, hashed, number), mine)
    idle = [one for one in known if one["metadata"]["name"] not in (name, *used)]
    for one in plane.controllerrevisions.active(idle)[: max(0, len(idle) - _limit(item))]:
        meta = one["metadata"]
        await plane.client.delete("controllerrevisions", meta["name"], namespace=meta["namespace"], uid=meta["uid"])
        plane.controllerrevisions.expect_deletion(one)


def _limit(item: Json) -> int:
    limit = item["spec"].get("revisionHistoryLimit")
    return _HISTORY if limit is None else int(limit)


async def _write(plane: Plane, revision: Json, known: Json | None) -> None:
    meta = revision["metadata"]
    try:
        if known is None:
            fresh = await plane.client.create("controllerrevisions", revision, meta["namespace"])
        else:
            body = {"metadata": {"uid": uid_of(known)}, "revision": revision["revision"]}
            fresh = await plane.client.patch("controllerrevisions", meta["name"], body, namespace=meta["namespace"])
    except ApiError as error:
        if not error.conflict:
            raise
        return  # made already, and not yet seen
    plane.controllerrevisions.observe(fresh)


def _revision(item: Json, kind: str, label: str, hashed: str, number: int) -> Json:
    meta, template = item["metadata"], copy_of(item["spec"]["template"])
    body: Json = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{meta['name']}-{hashed}",
            "namespace": meta["namespace"],
            "labels": {**((template.get("metadata") or {}).get("labels") or {}), label: hashed},
            "ownerReferences": [owner_reference(item, kind, "apps/v1")],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": number,
    }
    if meta.get("annotations"):
        body["metadata"]["annotations"] = dict(meta["annotations"])
    return body
