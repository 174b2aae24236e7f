"""What a write may say beside its body: dryRun, fieldManager, force, fieldValidation.

All faults of one request are told together, in the order of the real server. A request without parameters is not looked
at, unless it applies: that needs a manager.
"""

from collections.abc import Iterator

from simulator.kube.api import ApiRequest
from simulator.kube.server.field_errors import forbidden_field, invalid_value, not_supported, required
from simulator.kube.server.refusals import Cause, invalid
from simulator.kube.server.unreadable import media_type

APPLY = "application/apply-patch+yaml"
MANAGER_BYTES = 128
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}


def media_of(request: ApiRequest) -> str:
    """The media type of a request's body, without its parameters."""
    return media_type(request.content_type)


def check_write_options(request: ApiRequest) -> None:
    """Whether the parameters of a write say something that the server knows.

    Raises:
        Refusal: 422, one does not.
    """
    causes = list(_faults(request))
    if causes:
        raise invalid("meta.k8s.io", _OPTIONS.get(request.method, ""), "", causes)


def _faults(request: ApiRequest) -> Iterator[Cause]:
    query, method = request.query, request.method
    if method != "DELETE":
        applies = method == "PATCH" and media_of(request) == APPLY
        if query.get("force") and method == "PATCH" and not applies:
            yield forbidden_field("force", "may not be specified for non-apply patch")
        if applies and not query.get("fieldManager"):
            yield required("fieldManager", "is required for apply patch")
        yield from _manager_faults(query.get("fieldManager", ""))
    if query.get("dryRun", "All") != "All":
        yield not_supported("dryRun", [query["dryRun"]], ["All"])
    validation = query.get("fieldValidation")
    if validation and method != "DELETE" and validation not in ("Ignore", "Strict", "Warn"):
        yield not_supported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"])


def _manager_faults(manager: str) -> Iterator[Cause]:
    if len(manager.encode()) > MANAGER_BYTES:
        message = f"Too long: may not be more than {MANAGER_BYTES} bytes"
        yield Cause(field="fieldManager", message=message, reason="FieldValueTooLong")
    for position, letter in enumerate(manager):
        if not letter.isprintable():
            detail = f"invalid character U+{ord(letter):04X} (at position {position})"
            yield invalid_value("fieldManager", manager, detail)
