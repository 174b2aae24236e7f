"""The smallest body of each built-in kind that a server takes, and where it is served."""

from copy import deepcopy
from typing import Any

from e2e.conformance.certificate_texts import BUNDLE, REQUEST
from e2e.conformance.definitions import configmap

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
SELECTOR: Json = {"matchLabels": {"app": "a"}}
CONTAINERS: Json = {"containers": [{"name": "main", "image": "busybox:1"}]}
TEMPLATE: Json = {"metadata": {"labels": {"app": "a"}}, "spec": CONTAINERS}
ONCE: Json = {"spec": {**CONTAINERS, "restartPolicy": "Never"}}
CLAIM: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
ABOUT: Json = {"kind": "Pod", "name": "a"}

GROUPS = {
    "configmaps": "v1",
    "endpoints": "v1",
    "events": "v1",
    "limitranges": "v1",
    "nodes": "v1",
    "persistentvolumeclaims": "v1",
    "persistentvolumes": "v1",
    "pods": "v1",
    "podtemplates": "v1",
    "replicationcontrollers": "v1",
    "resourcequotas": "v1",
    "secrets": "v1",
    "serviceaccounts": "v1",
    "services": "v1",
    "controllerrevisions": "apps/v1",
    "daemonsets": "apps/v1",
    "deployments": "apps/v1",
    "replicasets": "apps/v1",
    "statefulsets": "apps/v1",
    "horizontalpodautoscalers": "autoscaling/v2",
    "cronjobs": "batch/v1",
    "jobs": "batch/v1",
    "leases": "coordination.k8s.io/v1",
    "endpointslices": "discovery.k8s.io/v1",
    "ingressclasses": "networking.k8s.io/v1",
    "ingresses": "networking.k8s.io/v1",
    "networkpolicies": "networking.k8s.io/v1",
    "poddisruptionbudgets": "policy/v1",
    "clusterrolebindings": f"{RBAC}/v1",
    "clusterroles": f"{RBAC}/v1",
    "rolebindings": f"{RBAC}/v1",
    "roles": f"{RBAC}/v1",
    "priorityclasses": "scheduling.k8s.io/v1",
    "csinodes": "storage.k8s.io/v1",
    "storageclasses": "storage.k8s.io/v1",
    "mutatingadmissionpolicies": "admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicybindings": "admissionregistration.k8s.io/v1",
    "certificatesigningrequests": "certificates.k8s.io/v1",
    "clustertrustbundles": "certificates.k8s.io/v1",
    "prioritylevelconfigurations": "flowcontrol.apiserver.k8s.io/v1",
    "runtimeclasses": "node.k8s.io/v1",
    "deviceclasses": "resource.k8s.io/v1",
    "devicetaintrules": "resource.k8s.io/v1",
    "resourceclaims": "resource.k8s.io/v1",
    "resourceclaimtemplates": "resource.k8s.io/v1",
    "resourceslices": "resource.k8s.io/v1",
    "csidrivers": "storage.k8s.io/v1",
    "csistoragecapacities": "storage.k8s.io/v1",
    "volumeattachments": "storage.k8s.io/v1",
    "volumeattributesclasses": "storage.k8s.io/v1",
    "storageversionmigrations": "storagemigration.k8s.io/v1",
}
CLUSTER_SCOPED = frozenset(
    [
        "nodes",
        "persistentvolumes",
        "ingressclasses",
        "clusterroles",
        "clusterrolebindings",
        "priorityclasses",
        "csinodes",
        "storageclasses",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "certificatesigningrequests",
        "clustertrustbundles",
        "prioritylevelconfigurations",
        "runtimeclasses",
        "deviceclasses",
        "devicetaintrules",
        "resourceslices",
        "csidrivers",
        "volumeattachments",
        "volumeattributesclasses",
        "storageversionmigrations",
    ]
)

_DEVICES: Json = {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "a"}}]}}
_NOTHINGS: Json = {
    "operations": ["CREATE"],
    "apiGroups": ["none.test"],
    "apiVersions": ["v1"],
    "resources": ["nothings"],
}
KEPT: dict[str, Json] = {
    "mutatingadmissionpolicies": {
        "kind": "MutatingAdmissionPolicy",
        "spec": {
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [_NOTHINGS]},
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}],
        },
    },
    "mutatingadmissionpolicybindings": {"kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": "a"}},
    "certificatesigningrequests": {
        "kind": "CertificateSigningRequest",
        "spec": {"request": REQUEST, "signerName": "conformance.test/it", "usages": ["client auth"]},
    },
    "clustertrustbundles": {"kind": "ClusterTrustBundle", "spec": {"trustBundle": BUNDLE}},
    "prioritylevelconfigurations": {
        "kind": "PriorityLevelConfiguration",
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
    },
    "runtimeclasses": {"kind": "RuntimeClass", "handler": "a"},
    "deviceclasses": {"kind": "DeviceClass", "spec": {}},
    "devicetaintrules": {
        "kind": "DeviceTaintRule",
        "spec": {"deviceSelector": {"driver": "conformance.test"}, "taint": {"key": "a", "effect": "NoSchedule"}},
    },
    "resourceclaims": {"kind": "ResourceClaim", "spec": _DEVICES},
    "resourceclaimtemplates": {"kind": "ResourceClaimTemplate", "spec": {"spec": _DEVICES}},
    "resourceslices": {
        "kind": "ResourceSlice",
        "spec": {
            "driver": "conformance.test",
            "nodeName": "n",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "d"}],
        },
    },
    "csidrivers": {"kind": "CSIDriver", "spec": {}},
    "csistoragecapacities": {"kind": "CSIStorageCapacity", "storageClassName": "a"},
    "volumeattachments": {
        "kind": "VolumeAttachment",
        "spec": {"attacher": "conformance.test", "nodeName": "n", "source": {"persistentVolumeName": "a"}},
    },
    "volumeattributesclasses": {
        "kind": "VolumeAttributesClass",
        "driverName": "conformance.test",
        "parameters": {"a": "b"},
    },
    "storageversionmigrations": {
        "kind": "StorageVersionMigration",
        "spec": {"resource": {"group": "apps", "resource": "deployments"}},
    },
}
"""Kinds on which nobody in the simulator acts."""

BODIES: dict[str, Json] = {
    "configmaps": {"kind": "ConfigMap"},
    "endpoints": {
        "kind": "Endpoints",
        "subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}],
    },
    "limitranges": {"kind": "LimitRange", "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    "nodes": {"kind": "Node"},
    "persistentvolumeclaims": {"kind": "PersistentVolumeClaim", "spec": CLAIM},
    "persistentvolumes": {
        "kind": "PersistentVolume",
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}},
    },
    "pods": {"kind": "Pod", "spec": CONTAINERS},
    "podtemplates": {"kind": "PodTemplate", "template": TEMPLATE},
    "replicationcontrollers": {
        "kind": "ReplicationController",
        "spec": {"selector": {"app": "a"}, "template": TEMPLATE},
    },
    "resourcequotas": {"kind": "ResourceQuota", "spec": {"hard": {"configmaps": "50"}}},
    "secrets": {"kind": "Secret"},
    "serviceaccounts": {"kind": "ServiceAccount"},
    "services": {"kind": "Service", "spec": {"clusterIP": "None", "ports": [{"port": 80}]}},
    "controllerrevisions": {"kind": "ControllerRevision", "revision": 1, "data": {"k": "v"}},
    "daemonsets": {"kind": "DaemonSet", "spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "deployments": {"kind": "Deployment", "spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "replicasets": {"kind": "ReplicaSet", "spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "statefulsets": {
        "kind": "StatefulSet",
        "spec": {
            "selector": SELECTOR,
            "template": TEMPLATE,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}],
        },
    },
    "horizontalpodautoscalers": {
        "kind": "HorizontalPodAutoscaler",
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}},
    },
    "cronjobs": {"kind": "CronJob", "spec": {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": ONCE}}}},
    "jobs": {"kind": "Job", "spec": {"template": ONCE}},
    "leases": {"kind": "Lease"},
    "endpointslices": {
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.1.1"]}],
        "ports": [{"port": 80}],
    },
    "ingressclasses": {"kind": "IngressClass", "spec": {"controller": "conformance.test/it"}},
    "ingresses": {
        "kind": "Ingress",
        "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
    },
    "networkpolicies": {"kind": "NetworkPolicy", "spec": {"podSelector": {}}},
    "poddisruptionbudgets": {"kind": "PodDisruptionBudget", "spec": {"minAvailable": 1, "selector": SELECTOR}},
    "clusterrolebindings": {
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "a"},
        "subjects": [{"kind": "User", "name": "u"}],
    },
    "clusterroles": {"kind": "ClusterRole"},
    "rolebindings": {
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "a"},
        "subjects": [{"kind": "Group", "name": "g"}, {"kind": "ServiceAccount", "name": "s"}],
    },
    "roles": {"kind": "Role", "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
    "priorityclasses": {"kind": "PriorityClass", "value": 5},
    "csinodes": {"kind": "CSINode", "spec": {"drivers": []}},
    "storageclasses": {"kind": "StorageClass", "provisioner": "conformance.test/it"},
    **KEPT,
}


def place(plural: str, namespace: str, name: str = "", subresource: str = "") -> str:
    """The path of a built-in resource, of one of its objects, or of a subresource."""
    version = GROUPS[plural]
    root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    scope = "" if plural in CLUSTER_SCOPED else f"namespaces/{namespace}"
    return "/".join(part for part in (root, scope, plural, name, subresource) if part)


def manifest(plural: str, name: str, **metadata: Any) -> Json:
    """The smallest body of a kind, one's own to change."""
    if plural == "configmaps":
        return configmap(name, **metadata)
    return {"apiVersion": GROUPS[plural], "metadata": {"name": name, **metadata}, **deepcopy(BODIES[plural])}
