"""What values the fields of built-in kinds take beyond their types, as a table: by model of the client library and field.

``int64`` is a format; numbers that are not named are ``int32`` and ``double``. ``enum:A,B`` names all values that there
are. The other words stand for schemas of their own (``VALUE_SCHEMAS``), which clients know by their names.
"""

from collections.abc import Mapping
from typing import Any

from simulator.kube.server.openapi_kept_values import KEPT_VALUES

Json = dict[str, Any]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"

VALUE_SCHEMAS: Mapping[str, tuple[str, Json]] = {
    "time": (f"{_META}.Time", {"type": "string", "format": "date-time"}),
    "micro-time": (f"{_META}.MicroTime", {"type": "string", "format": "date-time"}),
    "fields": (f"{_META}.FieldsV1", {"type": "object"}),
    "quantity": ("io.k8s.apimachinery.pkg.api.resource.Quantity", {"oneOf": [{"type": "string"}, {"type": "number"}]}),
    "int-or-string": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "raw": ("io.k8s.apimachinery.pkg.runtime.RawExtension", {"type": "object"}),
    "json": (f"{_EXTENSIONS}.JSON", {}),
    "json:OrArray": (f"{_EXTENSIONS}.JSONSchemaPropsOrArray", {}),
    "json:OrBool": (f"{_EXTENSIONS}.JSONSchemaPropsOrBool", {}),
    "json:OrStringArray": (f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray", {}),
    "subresource-status": (f"{_EXTENSIONS}.CustomResourceSubresourceStatus", {"type": "object"}),
}
"""By the word: the name of the schema, and the schema."""

UNIONS: Mapping[str, Json] = {
    "FlowcontrolV1Subject": {
        "discriminator": "kind",
        "fields-to-discriminateBy": {"group": "Group", "serviceAccount": "ServiceAccount", "user": "User"},
    },
    "V1LimitResponse": {"discriminator": "type", "fields-to-discriminateBy": {"queuing": "Queuing"}},
    "V1PriorityLevelConfigurationSpec": {
        "discriminator": "type",
        "fields-to-discriminateBy": {"exempt": "Exempt", "limited": "Limited"},
    },
    "V1AppArmorProfile": {
        "discriminator": "type",
        "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"},
    },
    "V1PodSchedulingGroup": {"fields-to-discriminateBy": {"podGroupName": "PodGroupName"}},
    "V1SeccompProfile": {
        "discriminator": "type",
        "fields-to-discriminateBy": {"localhostProfile": "LocalhostProfile"},
    },
}
"""Models of whose fields only one may be set."""

GRANULAR = frozenset(
    [("V1PersistentVolumeClaimStatus", "allocatedResourceStatuses"), ("V1PersistentVolumeSpec", "claimRef")]
)
"""Fields that are said to have an owner for each of their members."""

VALUES: Mapping[str, Mapping[str, str]] = {
    **KEPT_VALUES,
    "CoreV1EndpointPort": {
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "CoreV1Event": {
        "eventTime": "micro-time",
    },
    "CoreV1EventSeries": {
        "lastObservedTime": "micro-time",
    },
    "DiscoveryV1EndpointPort": {
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "V1AppArmorProfile": {
        "type": "enum:Localhost,RuntimeDefault,Unconfined",
    },
    "V1AzureDiskVolumeSource": {
        "cachingMode": "enum:None,ReadOnly,ReadWrite",
        "kind": "enum:Dedicated,Managed,Shared",
    },
    "V1ClusterTrustBundleProjection": {
        "user": "int64",
    },
    "V1Condition": {
        "observedGeneration": "int64",
    },
    "V1ConfigMapVolumeSource": {
        "defaultUser": "int64",
    },
    "V1Container": {
        "imagePullPolicy": "enum:Always,IfNotPresent,Never",
        "terminationMessagePolicy": "enum:FallbackToLogsOnError,File",
    },
    "V1ContainerImage": {
        "sizeBytes": "int64",
    },
    "V1ContainerPort": {
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "V1ContainerStatus": {
        "allocatedResources": "quantity",
        "stopSignal": "enum:SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ",
    },
    "V1ControllerRevision": {
        "data": "raw",
        "revision": "int64",
    },
    "V1CronJobSpec": {
        "concurrencyPolicy": "enum:Allow,Forbid,Replace",
        "startingDeadlineSeconds": "int64",
    },
    "V1CustomResourceDefinitionCondition": {
        "observedGeneration": "int64",
    },
    "V1CustomResourceDefinitionStatus": {
        "observedGeneration": "int64",
    },
    "V1CustomResourceSubresources": {
        "status": "subresource-status",
    },
    "V1DaemonSetStatus": {
        "observedGeneration": "int64",
    },
    "V1DaemonSetUpdateStrategy": {
        "type": "enum:OnDelete,RollingUpdate",
    },
    "V1DeleteOptions": {
        "gracePeriodSeconds": "int64",
    },
    "V1DeploymentStatus": {
        "observedGeneration": "int64",
    },
    "V1DeploymentStrategy": {
        "type": "enum:Recreate,RollingUpdate",
    },
    "V1DownwardAPIVolumeFile": {
        "user": "int64",
    },
    "V1DownwardAPIVolumeSource": {
        "defaultUser": "int64",
    },
    "V1EmptyDirVolumeSource": {
        "sizeLimit": "quantity",
    },
    "V1EndpointSlice": {
        "addressType": "enum:FQDN,IPv4,IPv6",
    },
    "V1EphemeralContainer": {
        "imagePullPolicy": "enum:Always,IfNotPresent,Never",
        "terminationMessagePolicy": "enum:FallbackToLogsOnError,File",
    },
    "V1GRPCAction": {
        "mode": "enum:Plaintext,TLS",
    },
    "V1HTTPGetAction": {
        "port": "int-or-string",
        "protocol": "enum:HTTP1,HTTP2",
        "scheme": "enum:HTTP,HTTPS",
    },
    "V1HTTPIngressPath": {
        "pathType": "enum:Exact,ImplementationSpecific,Prefix",
    },
    "V1HostPathVolumeSource": {
        "type": "enum:,BlockDevice,CharDevice,Directory,DirectoryOrCreate,File,FileOrCreate,Socket",
    },
    "V1ImageVolumeSource": {
        "pullPolicy": "enum:Always,IfNotPresent,Never",
    },
    "V1IngressPortStatus": {
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "V1JSONSchemaProps": {
        "additionalItems": "json:OrBool",
        "additionalProperties": "json:OrBool",
        "default": "json",
        "dependencies": "json:OrStringArray",
        "enum": "json",
        "example": "json",
        "items": "json:OrArray",
        "maxItems": "int64",
        "maxLength": "int64",
        "maxProperties": "int64",
        "minItems": "int64",
        "minLength": "int64",
        "minProperties": "int64",
    },
    "V1JobSpec": {
        "activeDeadlineSeconds": "int64",
        "completionMode": "enum:Indexed,NonIndexed",
        "podReplacementPolicy": "enum:Failed,TerminatingOrFailed",
    },
    "V1KeyToPath": {
        "user": "int64",
    },
    "V1LeaseSpec": {
        "acquireTime": "micro-time",
        "renewTime": "micro-time",
    },
    "V1Lifecycle": {
        "stopSignal": "enum:SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ",
    },
    "V1LimitRangeItem": {
        "default": "quantity",
        "defaultRequest": "quantity",
        "max": "quantity",
        "maxLimitRequestRatio": "quantity",
        "min": "quantity",
    },
    "V1LinuxContainerUser": {
        "gid": "int64",
        "supplementalGroups": "int64",
        "uid": "int64",
    },
    "V1ListMeta": {
        "remainingItemCount": "int64",
    },
    "V1ManagedFieldsEntry": {
        "fieldsV1": "fields",
    },
    "V1MatchResources": {
        "matchPolicy": "enum:Equivalent,Exact",
    },
    "V1ModifyVolumeStatus": {
        "status": "enum:InProgress,Infeasible,Pending",
    },
    "V1MutatingWebhook": {
        "failurePolicy": "enum:Fail,Ignore",
        "matchPolicy": "enum:Equivalent,Exact",
        "reinvocationPolicy": "enum:IfNeeded,Never",
        "sideEffects": "enum:None,NoneOnDryRun,Some,Unknown",
    },
    "V1NamedRuleWithOperations": {
        "operations": "enum:*,CONNECT,CREATE,DELETE,UPDATE",
        "scope": "enum:*,Cluster,Namespaced",
    },
    "V1NamespaceStatus": {
        "phase": "enum:Active,Terminating",
    },
    "V1NetworkPolicyPort": {
        "port": "int-or-string",
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "V1NetworkPolicySpec": {
        "policyTypes": "enum:Egress,Ingress",
    },
    "V1NodeAllocatableMappedResources": {
        "quantity": "quantity",
    },
    "V1NodeAllocatableOverheadResources": {
        "perContainer": "quantity",
        "perPod": "quantity",
    },
    "V1NodeSelectorRequirement": {
        "operator": "enum:DoesNotExist,Exists,Gt,In,Lt,NotIn",
    },
    "V1NodeStatus": {
        "allocatable": "quantity",
        "capacity": "quantity",
        "phase": "enum:Pending,Running,Terminated",
    },
    "V1NodeSwapStatus": {
        "capacity": "int64",
    },
    "V1ObjectMeta": {
        "deletionGracePeriodSeconds": "int64",
        "generation": "int64",
    },
    "V1PersistentVolumeClaimSpec": {
        "accessModes": "enum:ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod",
        "volumeMode": "enum:Block,Filesystem",
    },
    "V1PersistentVolumeClaimStatus": {
        "accessModes": "enum:ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod",
        "allocatedResourceStatuses": "enum:ControllerResizeInProgress,ControllerResizeInfeasible,NodeResizeInProgress,NodeResizeInfeasible,NodeResizePending",
        "allocatedResources": "quantity",
        "capacity": "quantity",
        "phase": "enum:Bound,Lost,Pending",
    },
    "V1PersistentVolumeSpec": {
        "accessModes": "enum:ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod",
        "capacity": "quantity",
        "persistentVolumeReclaimPolicy": "enum:Delete,Recycle,Retain",
        "volumeMode": "enum:Block,Filesystem",
    },
    "V1PersistentVolumeStatus": {
        "phase": "enum:Available,Bound,Failed,Pending,Released",
    },
    "V1PodCertificateProjection": {
        "user": "int64",
    },
    "V1PodCondition": {
        "observedGeneration": "int64",
    },
    "V1PodDisruptionBudgetSpec": {
        "maxUnavailable": "int-or-string",
        "minAvailable": "int-or-string",
        "unhealthyPodEvictionPolicy": "enum:AlwaysAllow,IfHealthyBudget",
    },
    "V1PodDisruptionBudgetStatus": {
        "observedGeneration": "int64",
    },
    "V1PodFailurePolicyOnExitCodesRequirement": {
        "operator": "enum:In,NotIn",
    },
    "V1PodFailurePolicyRule": {
        "action": "enum:Count,FailIndex,FailJob,Ignore",
    },
    "V1PodSecurityContext": {
        "fsGroup": "int64",
        "fsGroupChangePolicy": "enum:Always,OnRootMismatch",
        "runAsGroup": "int64",
        "runAsUser": "int64",
        "supplementalGroups": "int64",
        "supplementalGroupsPolicy": "enum:Merge,Strict",
    },
    "V1PodSpec": {
        "activeDeadlineSeconds": "int64",
        "dnsPolicy": "enum:ClusterFirst,ClusterFirstWithHostNet,Default,None",
        "overhead": "quantity",
        "preemptionPolicy": "enum:Never,PreemptLowerPriority",
        "restartPolicy": "enum:Always,Never,OnFailure",
        "terminationGracePeriodSeconds": "int64",
    },
    "V1PodStatus": {
        "allocatedResources": "quantity",
        "observedGeneration": "int64",
        "phase": "enum:Failed,Pending,Running,Succeeded,Unknown",
        "qosClass": "enum:BestEffort,Burstable,Guaranteed",
    },
    "V1PortStatus": {
        "protocol": "enum:SCTP,TCP,UDP",
    },
    "V1PriorityClass": {
        "preemptionPolicy": "enum:Never,PreemptLowerPriority",
    },
    "V1Probe": {
        "terminationGracePeriodSeconds": "int64",
    },
    "V1ProjectedVolumeSource": {
        "defaultUser": "int64",
    },
    "V1ReplicaSetStatus": {
        "observedGeneration": "int64",
    },
    "V1ReplicationControllerStatus": {
        "observedGeneration": "int64",
    },
    "V1ResourceFieldSelector": {
        "divisor": "quantity",
    },
    "V1ResourceQuotaSpec": {
        "hard": "quantity",
        "scopes": "enum:BestEffort,CrossNamespacePodAffinity,NotBestEffort,NotTerminating,PriorityClass,Terminating,VolumeAttributesClass",
    },
    "V1ResourceQuotaStatus": {
        "hard": "quantity",
        "used": "quantity",
    },
    "V1ResourceRequirements": {
        "limits": "quantity",
        "requests": "quantity",
    },
    "V1RollingUpdateDaemonSet": {
        "maxSurge": "int-or-string",
        "maxUnavailable": "int-or-string",
    },
    "V1RollingUpdateDeployment": {
        "maxSurge": "int-or-string",
        "maxUnavailable": "int-or-string",
    },
    "V1RollingUpdateStatefulSetStrategy": {
        "maxUnavailable": "int-or-string",
    },
    "V1RuleWithOperations": {
        "operations": "enum:*,CONNECT,CREATE,DELETE,UPDATE",
        "scope": "enum:*,Cluster,Namespaced",
    },
    "V1ScopedResourceSelectorRequirement": {
        "operator": "enum:DoesNotExist,Exists,In,NotIn",
        "scopeName": "enum:BestEffort,CrossNamespacePodAffinity,NotBestEffort,NotTerminating,PriorityClass,Terminating,VolumeAttributesClass",
    },
    "V1SeccompProfile": {
        "type": "enum:Localhost,RuntimeDefault,Unconfined",
    },
    "V1SecretVolumeSource": {
        "defaultUser": "int64",
    },
    "V1SecurityContext": {
        "procMount": "enum:Default,Unmasked",
        "runAsGroup": "int64",
        "runAsUser": "int64",
    },
    "V1ServiceAccountTokenProjection": {
        "expirationSeconds": "int64",
        "user": "int64",
    },
    "V1ServicePort": {
        "protocol": "enum:SCTP,TCP,UDP",
        "targetPort": "int-or-string",
    },
    "V1ServiceSpec": {
        "externalTrafficPolicy": "enum:Cluster,Local",
        "internalTrafficPolicy": "enum:Cluster,Local",
        "ipFamilies": "enum:,IPv4,IPv6",
        "ipFamilyPolicy": "enum:PreferDualStack,RequireDualStack,SingleStack",
        "sessionAffinity": "enum:ClientIP,None",
        "type": "enum:ClusterIP,ExternalName,LoadBalancer,NodePort",
    },
    "V1SleepAction": {
        "seconds": "int64",
    },
    "V1StatefulSetSpec": {
        "podManagementPolicy": "enum:OrderedReady,Parallel",
    },
    "V1StatefulSetStatus": {
        "observedGeneration": "int64",
    },
    "V1StatefulSetUpdateStrategy": {
        "type": "enum:OnDelete,Recreate,RollingUpdate",
    },
    "V1StorageClass": {
        "reclaimPolicy": "enum:Delete,Recycle,Retain",
        "volumeBindingMode": "enum:Immediate,WaitForFirstConsumer",
    },
    "V1StorageHealthCondition": {
        "accessMode": "enum:ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod",
        "status": "enum:StorageDegraded,StorageUnreachable",
        "volumeMode": "enum:Block,Filesystem",
    },
    "V1TCPSocketAction": {
        "port": "int-or-string",
    },
    "V1Taint": {
        "effect": "enum:NoExecute,NoSchedule,PreferNoSchedule",
    },
    "V1Toleration": {
        "effect": "enum:NoExecute,NoSchedule,PreferNoSchedule",
        "operator": "enum:Equal,Exists,Gt,Lt",
        "tolerationSeconds": "int64",
    },
    "V1TopologySpreadConstraint": {
        "nodeAffinityPolicy": "enum:Honor,Ignore",
        "nodeTaintsPolicy": "enum:Honor,Ignore",
        "whenUnsatisfiable": "enum:DoNotSchedule,ScheduleAnyway",
    },
    "V1ValidatingAdmissionPolicyBindingSpec": {
        "validationActions": "enum:Audit,Deny,Warn",
    },
    "V1ValidatingAdmissionPolicySpec": {
        "failurePolicy": "enum:Fail,Ignore",
    },
    "V1ValidatingAdmissionPolicyStatus": {
        "observedGeneration": "int64",
    },
    "V1ValidatingWebhook": {
        "failurePolicy": "enum:Fail,Ignore",
        "matchPolicy": "enum:Equivalent,Exact",
        "sideEffects": "enum:None,NoneOnDryRun,Some,Unknown",
    },
    "V1ValidationRule": {
        "reason": "enum:FieldValueDuplicate,FieldValueForbidden,FieldValueInvalid,FieldValueRequired",
    },
    "V1VolumeHealthCondition": {
        "status": "enum:DataLoss,Degraded,Inaccessible",
    },
    "V1VolumeMount": {
        "mountPropagation": "enum:Bidirectional,HostToContainer,None",
    },
    "V1VolumeResourceRequirements": {
        "limits": "quantity",
        "requests": "quantity",
    },
    "V2HPAScalingRules": {
        "tolerance": "quantity",
    },
    "V2HorizontalPodAutoscalerCondition": {
        "observedGeneration": "int64",
    },
    "V2HorizontalPodAutoscalerStatus": {
        "observedGeneration": "int64",
    },
    "V2MetricTarget": {
        "averageValue": "quantity",
        "value": "quantity",
    },
    "V2MetricValueStatus": {
        "averageValue": "quantity",
        "value": "quantity",
    },
}
