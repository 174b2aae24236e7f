"""What is served beside resources: the version, discovery, OpenAPI documents, health.

Only a request whose path names no resource comes here, so that a request for a resource pays nothing for it.
"""

from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.discovery import AGGREGATED, Discovery
from simulator.kube.server.forms import OFFERED, clauses, nothing_acceptable
from simulator.kube.server.openapi import OpenApi
from simulator.kube.server.pages import page
from simulator.kube.server.refusals import Refusal, not_acceptable, unknown_resource

Json = dict[str, Any]

VERSION: Json = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2",
    "gitCommit": "$Format:%H$",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_HEALTH = ("healthz", "livez", "readyz")


class Documents:
    """Answers requests for documents."""

    def __init__(self, discovery: Discovery, openapi: OpenApi) -> None:
        self._discovery = discovery
        self._openapi = openapi

    def answer(self, request: ApiRequest) -> Json | None:
        """The document at a path; ``None`` where there is none.

        Raises:
            Refusal: 406, the document cannot be had in the form that was asked for.
        """
        text = page(request.path, request.query)
        if text or request.method != "GET":  # whether all is well is told whatever the method
            return {"text": text} if text else None
        parts = request.path.strip("/").split("/")
        if parts[0] == "version":
            if len(parts) > 1:
                raise unknown_resource()
            return VERSION
        if parts == [""]:
            return {"paths": self._paths()}
        if parts[0] == "openapi":
            return self._openapi.answer(parts[1:])
        if parts[0] in ("api", "apis"):
            return self._discovered(parts, request.accept)
        return None

    def _discovered(self, parts: list[str], accept: str) -> Json | None:
        version = _aggregated_version(accept) if accept else ""
        found = self._discovery
        if len(parts) == 1:
            if version:
                return found.aggregated(version, core=parts[0] == "api")
            return found.core() if parts[0] == "api" else found.groups()
        if parts[0] == "api":
            return found.resources("", parts[1]) if len(parts) == 2 else None
        return found.group(parts[1]) if len(parts) == 2 else found.resources(*parts[1:]) if len(parts) == 3 else None

    def _paths(self) -> list[str]:
        paths = ["/api", "/apis", "/apis/", "/openapi/v2", "/openapi/v3", "/version", *(f"/{one}" for one in _HEALTH)]
        for group, versions in self._discovery.served().items():
            root = f"/apis/{group}" if group else "/api"
            paths += [*([root] if group else []), *(f"{root}/{version}" for version in versions)]
        return sorted(paths)


def _aggregated_version(accept: str) -> str:
    """The version of aggregated discovery that is wanted; empty: plain discovery."""
    served = False
    for media_type, parameters in clauses(accept):
        if media_type not in OFFERED and media_type != "*/*":
            continue
        served = True
        if "as" not in parameters:
            return ""
        wanted = parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("g") == AGGREGATED
        if wanted and parameters.get("v") == "v2":
            return "v2"
    raise _refusal(served=served)


def _refusal(*, served: bool) -> Refusal:
    if served:
        return not_acceptable(f"only the following media types are accepted: {', '.join(OFFERED)}")
    return nothing_acceptable(OFFERED)
