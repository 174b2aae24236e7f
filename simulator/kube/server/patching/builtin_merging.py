"""How lists, maps and patches of the built-in kinds are merged, as a table: by model of the client library and field.

``map:name`` is a list whose elements are known by their ``name``, ``set`` a list of distinct values, ``atomic`` a map
that has one owner; a list that is not named is atomic too. ``patch:merge:name`` is what a strategic merge patch does
with the field: ``merge`` (by the key, or value by value where there is none), ``replace``, ``retainKeys``.
"""

from collections.abc import Mapping

FIELDS: Mapping[str, Mapping[str, str]] = {
    "V1DeviceTaintRuleStatus": {"conditions": "map:type patch:merge:type"},
    "V1AllocatedDeviceStatus": {"conditions": "map:type"},
    "V1ResourceClaimStatus": {"devices": "map:driver,device,pool,shareID", "reservedFor": "map:uid patch:merge:uid"},
    "V1DeviceRequestAllocationResult": {"skipNodeOperations": "set"},
    "V1ResourceSliceSpec": {"skipNodeOperations": "set"},
    "V1APIServiceStatus": {"conditions": "map:type patch:merge:type"},
    "V1ResourcePolicyRule": {"apiGroups": "set", "namespaces": "set", "resources": "set", "verbs": "set"},
    "V1FlowSchemaStatus": {"conditions": "map:type patch:merge:type"},
    "V1NonResourcePolicyRule": {"nonResourceURLs": "set", "verbs": "set"},
    "V1PriorityLevelConfigurationStatus": {"conditions": "map:type patch:merge:type"},
    "V1Scheduling": {"nodeSelector": "atomic"},
    "V1StorageVersionMigrationStatus": {"conditions": "map:type patch:merge:type"},
    "V1CSIDriverSpec": {
        "volumeLifecycleModes": "set",
    },
    "V1CSINodeSpec": {
        "drivers": "map:name patch:merge:name",
    },
    "V1CSINodeStatus": {
        "storageHealth": "map:name patch:merge:name",
    },
    "V1CertificateSigningRequestStatus": {
        "conditions": "map:type",
    },
    "V1ComponentStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1ControllerRevision": {
        "data": "atomic",
    },
    "V1Container": {
        "env": "map:name patch:merge:name",
        "ports": "map:containerPort,protocol patch:merge:containerPort",
        "volumeDevices": "map:devicePath patch:merge:devicePath",
        "volumeMounts": "map:mountPath patch:merge:mountPath",
    },
    "V1ContainerRestartRuleOnExitCodes": {
        "values": "set",
    },
    "V1ContainerStatus": {
        "allocatedResourcesStatus": "map:name patch:merge:name",
        "volumeMounts": "map:mountPath patch:merge:mountPath",
    },
    "V1CustomResourceDefinitionStatus": {
        "conditions": "map:type",
    },
    "V1DaemonSetStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1DeploymentSpec": {
        "strategy": "patch:retainKeys",
    },
    "V1DeploymentStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1Endpoint": {
        "addresses": "set",
    },
    "V1EphemeralContainer": {
        "env": "map:name patch:merge:name",
        "ports": "map:containerPort,protocol patch:merge:containerPort",
        "volumeDevices": "map:devicePath patch:merge:devicePath",
        "volumeMounts": "map:mountPath patch:merge:mountPath",
    },
    "V1JSONSchemaProps": {
        "x-kubernetes-validations": "map:rule patch:merge:rule",
    },
    "V1JobSchedulingConfiguration": {
        "resourceClaims": "map:name patch:merge:name",
    },
    "V1JobStatus": {
        "conditions": "patch:merge:type",
    },
    "V1MutatingAdmissionPolicySpec": {
        "matchConditions": "map:name patch:merge:name",
    },
    "V1MutatingWebhook": {
        "matchConditions": "map:name patch:merge:name",
    },
    "V1MutatingWebhookConfiguration": {
        "webhooks": "map:name patch:merge:name",
    },
    "V1NamespaceStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1NodeAllocatableResourceClaimStatus": {
        "containers": "set",
        "mapping": "map:name patch:merge:name",
        "overhead": "map:name patch:merge:name",
    },
    "V1NodePodPreemptionPolicy": {
        "disableResizePreemption": "set",
    },
    "V1NodeSpec": {
        "podCIDRs": "set patch:merge",
    },
    "V1NodeStatus": {
        "addresses": "map:type patch:merge:type",
        "conditions": "map:type patch:merge:type",
    },
    "V1ObjectMeta": {
        "finalizers": "set patch:merge",
        "ownerReferences": "map:uid patch:merge:uid",
    },
    "V1PersistentVolumeClaimStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1PodCertificateRequestStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1PodDisruptionBudgetSpec": {
        "selector": "patch:replace",
    },
    "V1PodDisruptionBudgetStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1PodFailurePolicyOnExitCodesRequirement": {
        "values": "set",
    },
    "V1PodSpec": {
        "containers": "map:name patch:merge:name",
        "ephemeralContainers": "map:name patch:merge:name",
        "evictionResponders": "map:name patch:merge:name",
        "hostAliases": "map:ip patch:merge:ip",
        "imagePullSecrets": "map:name patch:merge:name",
        "initContainers": "map:name patch:merge:name",
        "nodeSelector": "atomic",
        "resourceClaims": "map:name patch:merge+retainKeys:name",
        "schedulingGates": "map:name patch:merge:name",
        "topologySpreadConstraints": "map:topologyKey,whenUnsatisfiable patch:merge:topologyKey",
        "volumes": "map:name patch:merge+retainKeys:name",
    },
    "V1PodStatus": {
        "conditions": "map:type patch:merge:type",
        "hostIPs": "patch:merge:ip",
        "nodeAllocatableResourceClaimStatuses": "map:resourceClaimName patch:merge:resourceClaimName",
        "podIPs": "map:ip patch:merge:ip",
        "resourceClaimStatuses": "map:name patch:merge+retainKeys:name",
        "volumeHealth": "map:name",
    },
    "V1PodVolumeHealth": {
        "healthConditions": "map:status,reason patch:merge:status",
    },
    "V1ReplicaSetStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1ReplicationControllerSpec": {
        "selector": "atomic",
    },
    "V1ReplicationControllerStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1ResourceRequirements": {
        "claims": "map:name",
    },
    "V1ResourceStatus": {
        "resources": "map:resourceID",
    },
    "V1ServiceAccount": {
        "secrets": "map:name patch:merge:name",
    },
    "V1ServiceCIDRStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1ServiceSpec": {
        "ports": "map:port,protocol patch:merge:port",
        "selector": "atomic",
    },
    "V1ServiceStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1StatefulSetStatus": {
        "conditions": "map:type patch:merge:type",
    },
    "V1UncountedTerminatedPods": {
        "failed": "set",
        "succeeded": "set",
    },
    "V1ValidatingAdmissionPolicyBindingSpec": {
        "validationActions": "set",
    },
    "V1ValidatingAdmissionPolicySpec": {
        "matchConditions": "map:name patch:merge:name",
        "variables": "map:name patch:merge:name",
    },
    "V1ValidatingAdmissionPolicyStatus": {
        "conditions": "map:type",
    },
    "V1ValidatingWebhook": {
        "matchConditions": "map:name patch:merge:name",
    },
    "V1ValidatingWebhookConfiguration": {
        "webhooks": "map:name patch:merge:name",
    },
    "V1VolumeHealthStatus": {
        "healthConditions": "map:status,reason patch:merge:status",
    },
    "V1VolumeMount": {
        "bindMountOptions": "set",
    },
    "V2HorizontalPodAutoscalerStatus": {
        "conditions": "map:type patch:merge:type",
    },
}

ATOMIC_MODELS = frozenset(
    [
        "CoreV1EndpointPort",
        "DiscoveryV1EndpointPort",
        "RbacV1Subject",
        "V1ConfigMapKeySelector",
        "V1CrossVersionObjectReference",
        "V1EndpointAddress",
        "V1EvictionResponder",
        "V1FileKeySelector",
        "V1LabelSelector",
        "V1LocalObjectReference",
        "V1MatchResources",
        "V1NamedRuleWithOperations",
        "V1NodeSelector",
        "V1NodeSelectorTerm",
        "V1ObjectFieldSelector",
        "V1ObjectReference",
        "V1OwnerReference",
        "V1ParamKind",
        "V1ParamRef",
        "V1ResourceFieldSelector",
        "V1RoleRef",
        "V1ScopeSelector",
        "V1SecretKeySelector",
        "V1SecretReference",
        "V1ServiceBackendPort",
        "V1TopologySelectorTerm",
        "V1TypedLocalObjectReference",
        "V1Variable",
    ]
)
"""Models whose objects have one owner as a whole."""

KEY_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "V1ContainerPort": {"protocol": "TCP"},
    "V1ServicePort": {"protocol": "TCP"},
}
"""What a key of a list's element is when it is not said."""

_POD_TEMPLATE = {"metadata": {}, "spec": {"containers": None}}
ALWAYS_THERE: Mapping[str, Mapping[str, object]] = {
    "V1Pod": {"spec": {"containers": None}, "status": {}},
    "V1Node": {"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {}}},
    "V1Namespace": {"spec": {}, "status": {}},
    "V1Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "V1Deployment": {"spec": {"selector": None, "template": _POD_TEMPLATE, "strategy": {}}, "status": {}},
    "V1ReplicaSet": {"spec": {"selector": None, "template": _POD_TEMPLATE}, "status": {"replicas": 0}},
    "V1StatefulSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE, "serviceName": "", "updateStrategy": {}},
        "status": {"replicas": 0, "availableReplicas": 0},
    },
    "V1DaemonSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE, "updateStrategy": {}},
        "status": {
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
    },
    "V1Job": {"spec": {"template": _POD_TEMPLATE}, "status": {}},
    "V1Role": {"rules": None},
    "V1ClusterRole": {"rules": None},
    "V1RoleBinding": {"roleRef": {}},
    "V1ClusterRoleBinding": {"roleRef": {}},
    "V1Lease": {"spec": {}},
    "V1LocalSubjectAccessReview": {"spec": {}, "status": {}},
    "V1SelfSubjectAccessReview": {"spec": {}, "status": {}},
    "V1SubjectAccessReview": {"spec": {}, "status": {}},
    "V1TokenReview": {"spec": {}, "status": {}},
    "V1ValidatingAdmissionPolicy": {"spec": {}, "status": {}},
    "V1ValidatingAdmissionPolicyBinding": {"spec": {}},
    "V1CronJob": {
        "spec": {"schedule": "", "jobTemplate": {"metadata": {}, "spec": {"template": _POD_TEMPLATE}}},
        "status": {},
    },
    "V1ReplicationController": {"spec": {}, "status": {"replicas": 0}},
    "V1PodTemplate": {"template": _POD_TEMPLATE},
    "V1PodDisruptionBudget": {
        "spec": {},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
    },
    "V2HorizontalPodAutoscaler": {
        "spec": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0},
        "status": {"desiredReplicas": 0, "currentMetrics": None},
    },
    "V1NetworkPolicy": {"spec": {"podSelector": {}}},
    "V1Ingress": {"spec": {}, "status": {"loadBalancer": {}}},
    "V1IngressClass": {"spec": {}},
    "V1PersistentVolumeClaim": {"spec": {"resources": {}}, "status": {}},
    "V1PersistentVolume": {"spec": {}, "status": {}},
    "V1ResourceQuota": {"spec": {}, "status": {}},
    "V1LimitRange": {"spec": {"limits": None}},
    "V1CSINode": {"spec": {"drivers": []}, "status": {}},
    "V1EndpointSlice": {"endpoints": None, "ports": None},
    "CoreV1Event": {
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "EventsV1Event": {
        "eventTime": None,
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
        "regarding": {},
    },
    "V1HorizontalPodAutoscaler": {"spec": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0}, "status": {}},
    "V1APIService": {"spec": {}, "status": {}},
    "V1IPAddress": {"spec": {}},
    "V1ServiceCIDR": {"spec": {}, "status": {}},
    "V1CertificateSigningRequest": {"spec": {}, "status": {}},
    "V1ClusterTrustBundle": {"spec": {}},
    "V1PodCertificateRequest": {"spec": {}, "status": {}},
    "V1MutatingAdmissionPolicy": {"spec": {}},
    "V1MutatingAdmissionPolicyBinding": {"spec": {}},
    "V1DeviceClass": {"spec": {}},
    "V1DeviceTaintRule": {"spec": {"taint": {}}, "status": {}},
    "ResourceV1ResourceClaim": {"spec": {"devices": {}}, "status": {}},
    "V1ResourceClaimTemplate": {"spec": {"metadata": {}, "spec": {"devices": {}}}},
    "V1ResourceSlice": {"spec": {"pool": {}}},
    "V1CSIDriver": {"spec": {}},
    "V1VolumeAttachment": {"spec": {"source": {}}, "status": {}},
    "V1FlowSchema": {"spec": {"priorityLevelConfiguration": {}}, "status": {}},
    "V1PriorityLevelConfiguration": {"spec": {}, "status": {}},
    "V1StorageVersionMigration": {"spec": {"resource": {}}, "status": {}},
    "V1CustomResourceDefinition": {"spec": {"names": {}, "versions": None}, "status": {"acceptedNames": {}}},
}
"""The fields that an object of the kind has before anybody has written one: nobody becomes their owner by filling them."""
