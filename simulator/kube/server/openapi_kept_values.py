"""The part of the table in ``openapi_values.py`` about kinds on which nobody in the simulator acts, in the same words."""

from collections.abc import Mapping

KEPT_VALUES: Mapping[str, Mapping[str, str]] = {
    "EventsV1Event": {
        "eventTime": "micro-time",
    },
    "EventsV1EventSeries": {
        "lastObservedTime": "micro-time",
    },
    "StorageV1TokenRequest": {
        "expirationSeconds": "int64",
    },
    "V1TokenRequestSpec": {
        "expirationSeconds": "int64",
    },
    "V1AllocatedDeviceStatus": {
        "data": "raw",
    },
    "V1CSIDriverSpec": {
        "nodeAllocatableUpdatePeriodSeconds": "int64",
    },
    "V1CSIStorageCapacity": {
        "capacity": "quantity",
        "maximumVolumeSize": "quantity",
    },
    "V1CapacityRequestPolicy": {
        "default": "quantity",
        "validValues": "quantity",
    },
    "V1CapacityRequestPolicyRange": {
        "max": "quantity",
        "min": "quantity",
        "step": "quantity",
    },
    "V1CapacityRequirements": {
        "requests": "quantity",
    },
    "V1CertificateSigningRequestSpec": {
        "usages": "enum:any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection,encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime,server auth,signing,timestamping",
    },
    "V1Counter": {
        "value": "quantity",
    },
    "V1DeviceAllocationConfiguration": {
        "source": "enum:FromClaim,FromClass",
    },
    "V1DeviceAttribute": {
        "int": "int64",
        "ints": "int64",
    },
    "V1DeviceCapacity": {
        "value": "quantity",
    },
    "V1DeviceRequestAllocationResult": {
        "consumedCapacity": "quantity",
        "skipNodeOperations": "enum:*,NodePrepareResources,NodeUnprepareResources",
    },
    "V1DeviceSubRequest": {
        "allocationMode": "enum:All,ExactCount",
        "count": "int64",
    },
    "V1DeviceTaint": {
        "effect": "enum:NoExecute,NoSchedule,None",
    },
    "V1DeviceToleration": {
        "effect": "enum:NoExecute,NoSchedule,None",
        "operator": "enum:Equal,Exists",
        "tolerationSeconds": "int64",
    },
    "V1ExactDeviceRequest": {
        "allocationMode": "enum:All,ExactCount",
        "count": "int64",
    },
    "V1HorizontalPodAutoscalerStatus": {
        "observedGeneration": "int64",
    },
    "V1MutatingAdmissionPolicySpec": {
        "failurePolicy": "enum:Fail,Ignore",
        "reinvocationPolicy": "enum:IfNeeded,Never",
    },
    "V1Mutation": {
        "patchType": "enum:ApplyConfiguration,JSONPatch",
    },
    "V1NodeAllocatableMapping": {
        "capacityMultiplier": "quantity",
        "deviceMultiplier": "quantity",
    },
    "V1NodeAllocatableOverhead": {
        "perContainer": "quantity",
        "perPod": "quantity",
    },
    "V1OpaqueDeviceConfiguration": {
        "parameters": "raw",
    },
    "V1Overhead": {
        "podFixed": "quantity",
    },
    "V1ResourcePool": {
        "generation": "int64",
        "resourceSliceCount": "int64",
    },
    "V1ResourceSliceSpec": {
        "skipNodeOperations": "enum:*,NodePrepareResources,NodeUnprepareResources",
    },
}
