"""The members that the metadata of any object may have: whatever else stands there is unknown, in every kind."""

METADATA_MEMBERS = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
"""In the order in which the server shows those of built-in kinds."""
