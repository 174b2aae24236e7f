"""Certificates: requests to sign one, and bundles of those whom one trusts. Nobody signs; requests wait for ever."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.asking import asked
from simulator.kube.server.field_errors import required
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import Extract, field_extractor

Json = dict[str, Any]
GROUP = "certificates.k8s.io"
_SENDER = ("username", "uid", "groups", "extra")


def _selected_by(*paths: str) -> dict[str, Extract]:
    """The name, and fields of a kind's own; objects without a namespace are not asked for one."""
    found = {"metadata.name": METADATA_FIELDS["metadata.name"]}
    return {**found, **{path: field_extractor(path) for path in paths}}


def _complete_request(item: Json, before: Json | None) -> None:
    """Who asks is who sends it, and stays so."""
    spec = item.setdefault("spec", {})
    if before is not None:
        item["spec"] = before["spec"]
        return
    for name in _SENDER:
        spec.pop(name, None)
    request = asked.get()
    if request is not None:
        about = {"username": request.user, "uid": request.user, "groups": list(request.groups)}
        spec.update({name: value for name, value in about.items() if value})


def _check_request(item: Json, before: Json | None) -> Sequence[Cause]:
    if before is not None:
        return ()
    spec = item["spec"]
    causes = [] if spec.get("usages") else [required("spec.usages")]
    return causes if spec.get("signerName") else [*causes, required("spec.signerName")]


CERTIFICATES: tuple[Resource, ...] = (
    Resource(
        group=GROUP,
        version="v1",
        plural="certificatesigningrequests",
        kind="CertificateSigningRequest",
        namespaced=False,
        subresources=("status", "approval"),
        status_on_create={},
        status_writes_metadata=True,
        knows_sender=True,
        disowned=("f:spec",),
        complete=_complete_request,
        check=_check_request,
        fields=_selected_by("spec.signerName"),
    ),
    Resource(
        group=GROUP,
        version="v1",
        plural="clustertrustbundles",
        kind="ClusterTrustBundle",
        namespaced=False,
        needs_revision=True,
        fields=_selected_by("spec.signerName"),
    ),
    Resource(
        group=GROUP,
        version="v1",
        plural="podcertificaterequests",
        kind="PodCertificateRequest",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        needs_revision=True,
        fields={**METADATA_FIELDS, **_selected_by("spec.signerName", "spec.nodeName")},
    ),
)
