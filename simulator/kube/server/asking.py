"""The request that is being served, for those who have to tell others about it: admission.

It is noted beside what serves it only where somebody may want to know.
"""

from contextvars import ContextVar
from typing import Any

from simulator.kube.api import ApiRequest

Json = dict[str, Any]

asked: ContextVar[ApiRequest | None] = ContextVar("asked", default=None)


def user_info(user: str) -> Json:
    """Who asks, as webhooks and policies are told."""
    request = asked.get()
    groups = list(request.groups) if request is not None else []
    if "system:authenticated" not in groups:
        groups.append("system:authenticated")
    return {"username": user, "groups": groups}


def operation_options(operation: str, *, dry_run: bool) -> Json:
    """The options of the operation: ``CreateOptions`` and its like, with what the request said."""
    request = asked.get()
    kind = f"{operation.capitalize()}Options"
    if request is not None and request.method == "PATCH":
        kind = "PatchOptions"
    options: Json = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if request is None:
        return options
    if operation == "DELETE":
        options.update({name: value for name, value in (request.body or {}).items() if name not in options})
        names = ("propagationPolicy", "gracePeriodSeconds")
    else:
        names = ("fieldManager", "fieldValidation")
    options.update({name: request.query[name] for name in names if request.query.get(name)})
    if dry_run:
        options["dryRun"] = ["All"]
    return options
