"""Claims in which the simulated server differs from the real one, and what that means for who relies on it.

A claim stands here only until it is mended. Each must really differ: one that does not fails.
"""

from collections.abc import Mapping

KNOWN: Mapping[str, str] = {
    "http_forms.a_collection_knows_no_other_methods[FOO]": "a method that HTTP does not know is refused with 400, before anybody has looked at the path",
    "configuration.a_claim_for_a_volume_keeps_its_specification": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "kept_kinds.an_autoscalers_fields_are_lost_to_a_writer_of_another_version": "what a writer of version 2 changes stays owned, too, by a writer of version 1 who had written it under another name",
    "defaults.an_update_without_a_version_is_taken_by_most_built_in_kinds[jobs]": "the refusal shows the template as JSON of the API, not as the structure of the Go program",
    "objects.a_pods_status_write_may_carry_annotations_but_no_specification": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[grace]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[host-network]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[node-selector]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[node]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[restart-policy]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[service-account]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "pods.what_a_pod_is_cannot_be_changed[volumes]": "the refusal lacks what the real one appends: the difference as text between two structures of the Go program",
    "workloads.of_a_job_the_template_stays": "the refusal shows the template as JSON of the API, not as the structure of the Go program",
    "kubectl.kubectl_says_the_same[at-first]": "the objects with which a real server begins are not there: flow schemas, priority levels, priority classes, the Service of the server, its CIDR, and a registration for each group",
    "kubectl.kubectl_says_the_same[resize]": "the resources of a pod cannot be changed through /resize",
}
