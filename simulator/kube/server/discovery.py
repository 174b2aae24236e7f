"""Discovery: which groups, versions and resources are served, as clients ask before they ask for anything else.

Everything is derived from the registry when it is asked for; what only people use (short names, categories) stands in a
table here, or in the definition that a custom resource comes from.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from simulator.kube.server.custom.crds import definition_name
from simulator.kube.server.kinds.builtins import CRD
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.store import Store

Json = dict[str, Any]

AGGREGATED = "apidiscovery.k8s.io"
_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CUSTOM = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_PART = ("get", "patch", "update")
_PART_VERBS: Mapping[str, Sequence[str]] = {
    "binding": ("create",),
    "eviction": ("create",),
    "token": ("create",),
    "finalize": ("update",),
    "log": ("get",),
    "proxy": ("create", "delete", "get", "patch", "update"),
    **dict.fromkeys(("attach", "exec", "portforward"), ("create", "get")),
}
_PART_KINDS: Mapping[str, tuple[str, str, str]] = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "binding": ("", "", "Binding"),
    "attach": ("", "", "PodAttachOptions"),
    "exec": ("", "", "PodExecOptions"),
    "portforward": ("", "", "PodPortForwardOptions"),
}
_UNCOLLECTED = (("", "namespaces"),)
# The versions in which the real server keeps objects, where it does not serve them so.
_KEPT_AS: Mapping[str, str] = {
    "ClusterTrustBundle": "v1beta1",
    "CustomResourceDefinition": "v1beta1",
    "DeviceTaintRule": "v1beta2",
    "PodCertificateRequest": "v1beta1",
    "StorageVersionMigration": "v1beta1",
}
# In the order in which the real server names them; those of definitions follow by name.
_ORDER = (
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "storagemigration.k8s.io",
)
_SHORT: Mapping[str, tuple[str, ...]] = {
    "componentstatuses": ("cs",),
    "configmaps": ("cm",),
    "endpoints": ("ep",),
    "events": ("ev",),
    "limitranges": ("limits",),
    "namespaces": ("ns",),
    "nodes": ("no",),
    "persistentvolumeclaims": ("pvc",),
    "persistentvolumes": ("pv",),
    "pods": ("po",),
    "replicationcontrollers": ("rc",),
    "resourcequotas": ("quota",),
    "serviceaccounts": ("sa",),
    "services": ("svc",),
    "customresourcedefinitions": ("crd", "crds"),
    "daemonsets": ("ds",),
    "deployments": ("deploy",),
    "replicasets": ("rs",),
    "statefulsets": ("sts",),
    "horizontalpodautoscalers": ("hpa",),
    "cronjobs": ("cj",),
    "certificatesigningrequests": ("csr",),
    "ingresses": ("ing",),
    "ipaddresses": ("ip",),
    "networkpolicies": ("netpol",),
    "poddisruptionbudgets": ("pdb",),
    "priorityclasses": ("pc",),
    "storageclasses": ("sc",),
    "volumeattributesclasses": ("vac",),
}
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("pods", "services", "replicationcontrollers", "daemonsets", "deployments"), ("all",)),
    **dict.fromkeys(("replicasets", "statefulsets", "jobs", "cronjobs", "horizontalpodautoscalers"), ("all",)),
    **dict.fromkeys(
        (
            "apiservices",
            "customresourcedefinitions",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ),
        ("api-extensions",),
    ),
}


class Discovery:
    """Answers about what a registry serves."""

    def __init__(self, registry: Registry, store: Store) -> None:
        self._registry = registry
        self._store = store

    def core(self) -> Json:
        """``/api``."""
        address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443"}
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}

    def groups(self) -> Json:
        """``/apis``."""
        groups = [self._group(name, versions) for name, versions in self.served().items() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def group(self, name: str) -> Json | None:
        """``/apis/apps``; ``None`` for a group that is not served."""
        versions = self.served().get(name) if name else None
        return {"kind": "APIGroup", "apiVersion": "v1", **self._group(name, versions)} if versions else None

    def _group(self, name: str, versions: Sequence[str]) -> Json:
        listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
        return {"name": name, "versions": listed, "preferredVersion": listed[0]}

    def served(self) -> dict[str, list[str]]:
        """Groups and their versions, in the order in which they are named."""
        found: dict[str, list[str]] = {}
        for resource in self._registry.all():
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.insert(0 if resource.group == "autoscaling" else len(versions), resource.version)
        order = {name: position for position, name in enumerate(_ORDER)}
        return {name: found[name] for name in sorted(found, key=lambda name: (order.get(name, len(order)), name))}

    def of_version(self, group: str, version: str) -> list[Resource]:
        """The resources of a group version, by name."""
        return [one for one in self._registry.all() if (one.group, one.version) == (group, version)]

    def resources(self, group: str, version: str) -> Json | None:
        """``/apis/apps/v1``; ``None`` for a version that is not served."""
        served = self.of_version(group, version)
        if not served:
            return None
        entries = [entry for resource in served for entry in self._entries(resource)]
        shared = {} if not group else {"apiVersion": "v1"}
        name = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", **shared, "groupVersion": name, "resources": entries}

    def _entries(self, resource: Resource) -> Iterator[Json]:
        words = self.words(resource)
        yield {
            "name": resource.plural,
            "singularName": words["singular"],
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(_verbs(resource)),
            **words["others"],
            **({"storageVersionHash": _storage_hash(resource)} if resource.kept else {}),
        }
        for part in resource.subresources if resource.custom else sorted(resource.subresources):
            group, version, kind = _part_kind(resource, part)
            place = {"group": group, "version": version} if group else {}
            yield {
                "name": f"{resource.plural}/{part}",
                "singularName": "",
                "namespaced": resource.namespaced,
                **place,
                "kind": kind,
                "verbs": list(_PART_VERBS.get(part, _PART)),
            }

    def words(self, resource: Resource) -> Json:
        """The singular, and short names and categories where there are any."""
        if not resource.custom:
            singular, short = resource.kind.lower(), _SHORT.get(resource.plural, ())
            categories = _CATEGORIES.get(resource.plural, ())
        else:
            definition = self._store.table(CRD.table_id).objects.get(("", definition_name(resource))) or {}
            names = (definition.get("status") or {}).get("acceptedNames") or {}
            singular = names.get("singular") or resource.kind.lower()
            short, categories = names.get("shortNames") or (), names.get("categories") or ()
        others = {"shortNames": list(short), "categories": list(categories)}
        return {"singular": singular, "others": {name: value for name, value in others.items() if value}}

    def aggregated(self, version: str, *, core: bool) -> Json:
        """All of ``/api`` or ``/apis`` at once."""
        items = []
        for name, versions in self.served().items():
            if bool(name) != core:
                metadata = {"name": name} if name else {}
                items.append({"metadata": metadata, "versions": [self._whole(name, one) for one in versions]})
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"{AGGREGATED}/{version}",
            "metadata": {},
            "items": items,
        }

    def _whole(self, group: str, version: str) -> Json:
        resources = [self._described(resource) for resource in self.of_version(group, version)]
        return {"version": version, "resources": resources, "freshness": "Current"}

    def _described(self, resource: Resource) -> Json:
        words = self.words(resource)
        own = (resource.group, resource.version) if resource.custom else ("", "")
        parts = []
        for part in sorted(resource.subresources):
            group, version, kind = _part_kind(resource, part, own)
            parts.append(
                {
                    "subresource": part,
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "verbs": list(_PART_VERBS.get(part, _PART)),
                }
            )
        return {
            "resource": resource.plural,
            "responseKind": {"group": own[0], "version": own[1], "kind": resource.kind},
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "singularResource": words["singular"],
            "verbs": list(_verbs(resource)),
            **words["others"],
            **({"subresources": parts} if parts else {}),
        }


def _part_kind(resource: Resource, part: str, own: tuple[str, str] = ("", "")) -> tuple[str, str, str]:
    """Group, version and kind of what a part answers with."""
    if part == "proxy":
        return "", "", f"{resource.kind}ProxyOptions"
    return _PART_KINDS.get(part, (*own, resource.kind))


def _verbs(resource: Resource) -> Sequence[str]:
    if resource.verbs:
        return resource.verbs
    if not resource.kept:
        return ("create",)
    if resource.custom:
        return _CUSTOM
    return tuple(verb for verb in _ALL if verb != "deletecollection" or resource.table_id not in _UNCOLLECTED)


def _storage_hash(resource: Resource) -> str:
    """By what a client may see that objects are stored in another version than before."""
    stored = resource.stored or resource
    version = stored.version if resource.custom else _KEPT_AS.get(resource.kind, stored.version)
    text = f"{stored.group}/{version}/{resource.kind}"
    return b64encode(sha256(text.encode()).digest()[:8]).decode()
