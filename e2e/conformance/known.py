"""Claims in which the simulated server differs from the real one, and what that means for who relies on it.

A claim stands here only until it is mended. Each must really differ: one that does not fails.
"""

from collections.abc import Mapping

KNOWN: Mapping[str, str] = {
    "http_forms.a_collection_knows_no_other_methods[FOO]": "a method that HTTP does not know is refused with 400, before anybody has looked at the path",
    "kinds.a_collection_is_deleted_at_once[jobs]": "differs in .items.apiVersion, .items.kind, .spec.completionMode, .spec.manualSelector",
    "kinds.its_status_is_patched_apart[jobs]": "differs in .metadata.annotations, .spec.completionMode, .spec.manualSelector, .spec.podReplacementPolicy",
    "kinds.one_is_created_read_listed_and_deleted_by_its_uid[customresourcedefinitions]": "differs in .items.apiVersion, .items.kind, .items.metadata.resourceVersion, .items.spec.conversion",
    "kinds.one_is_created_read_listed_and_deleted_by_its_uid[jobs]": "differs in .spec.completionMode, .spec.manualSelector, .spec.podReplacementPolicy, .spec.selector",
    "kinds.one_is_created_read_listed_and_deleted_by_its_uid[namespaces]": "differs in .items.apiVersion, .items.kind, .message",
    "kinds.one_is_created_read_listed_and_deleted_by_its_uid[serviceaccounts]": "differs in .details, .details.kind, .items.apiVersion, .items.kind",
    "kinds.one_is_deleted_without_conditions_and_in_the_background[jobs]": "differs in .spec.completionMode, .spec.manualSelector, .spec.podReplacementPolicy, .spec.selector",
    "kinds.one_is_deleted_without_conditions_and_in_the_background[serviceaccounts]": "differs in .details, .kind, .metadata.creationTimestamp, .metadata.labels",
    "kinds.one_is_patched_and_watched_from_a_revision_on[jobs]": "differs in .spec.completionMode, .spec.manualSelector, .spec.podReplacementPolicy, .spec.selector",
    "reading.a_kubelet_sees_a_pod_from_its_binding_on": "differs in .events.object.metadata.generation, .events.object.metadata.resourceVersion, .events.object.status.conditions.lastTransitionTime, .metadata.generation",
    "definitions.what_the_stored_version_does_not_know_is_lost": "a field that is lost on the way into the store is not owned by who sent it",
    "python_client.manifests_are_created_from_their_yaml": "there is no discovery yet: what finds its kinds by it cannot be used",
    "configuration.a_claim_for_a_volume_keeps_its_specification": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "defaults.an_update_without_a_version_is_taken_by_most_built_in_kinds[jobs]": "the refusal shows the template as JSON of the API, not as the structure of the Go program",
    "objects.a_pods_status_write_may_carry_annotations_but_no_specification": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[grace]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[host-network]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[node-selector]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[node]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[restart-policy]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[service-account]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[volumes]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "updates.a_scale_can_be_zero": "after a scale to zero managedFields name the scaling client as the owner of spec.replicas; really nobody owns it",
    "workloads.of_a_job_the_template_stays": "the refusal shows the template as JSON of the API, not as the structure of the Go program",
    "kinds.one_is_patched_and_watched_from_a_revision_on[serviceaccounts]": "differs in .details, .kind, .metadata.creationTimestamp, .metadata.labels",
}
