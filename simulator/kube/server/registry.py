"""What the server serves: one descriptor per resource, built in or from a CustomResourceDefinition.

A descriptor says what the generic code must know of a kind: its names and scope, which subresources it has, what
``generation`` counts, what it can be selected by, and three functions over its body: fill in defaults, check, and
settle the parts that callers may not write. The generic code of reads and writes asks nothing else about a kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Cause
from simulator.kube.server.selection import Extract, field_extractor

Json = dict[str, Any]
# Change the body in place: prune unknown fields, fill in defaults. The second argument is the body before, ``None`` on
# create; what the two share is complete already and must not be touched.
Complete = Callable[[Json, Json | None], None]
# What is wrong with a body; the second argument is the body before, ``None`` on create.
Check = Callable[[Json, Json | None], Sequence[Cause]]

# The objects of a table, by namespace and name.
Tables = Callable[[tuple[str, str]], Mapping[tuple[str, str], Json]]
# Completes a body by what else there is, or raises a ``Refusal``; the second argument is the body before.
Admit = Callable[[Json, Json | None, Tables], None]

METADATA_FIELDS: Mapping[str, Extract] = {
    "metadata.name": field_extractor("metadata.name"),
    "metadata.namespace": field_extractor("metadata.namespace"),
}


def nothing_to_complete(body: Json, before: Json | None) -> None:
    """The ``Complete`` of kinds without defaults."""


def nothing_to_check(body: Json, before: Json | None) -> Sequence[Cause]:
    """The ``Check`` of kinds that are only stored."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource.

    Attributes:
        group: empty for the core group.
        subresources: which of status, scale, binding, eviction, finalize it has.
        status_on_create: what a new object's status is, whatever the caller sent; ``None`` keeps the caller's.
        status_writes_metadata: whether a write to /status may change labels and annotations (built-in kinds) or not.
        status_keeps: of the metadata, what a write to /status does not change all the same.
        counts_generation: whether metadata.generation is kept.
        needs_revision: an update without resourceVersion is refused (custom resources).
        strict_type: a body must name its apiVersion and kind (custom resources).
        returns_deleted: a DELETE answers with the object and not with a Status (pods).
        strategic: strategic merge patches are accepted.
        creates_on_update: a PUT of what is not there creates it.
        default_propagation: how a DELETE that does not say it treats dependents; empty: in the background.
        collection_deletes: whether the collection can be deleted at once.
        counts_metadata: whether new labels and annotations are a new generation, too.
        admit: completes a new or changed object by what else is there; may refuse.
        graceful: a DELETE gives the object's own grace period before it goes (pods).
        custom: it comes from a definition.
        kept: its objects are stored; those of others (reviews) are answered when they are created, and forgotten.
        forget: takes from an object what the real server's store cannot hold, such as the difference between an empty
            list and none, after it is known who owns which field.
        grants: its objects give rights away, so an authorizer has a say in what they may be.
        declared: the type of the objects, where a definition declares it.
        list_kind: the kind of a collection; empty: the kind, and ``List``.
        scale: where replica counts and the selector stand, for a custom resource with /scale.
        stored: what the objects are stored as, where a definition has several versions.
        whole_annotations: annotations that belong to this version of the kind: who asks for the metadata alone does not
            get them.
        lasts_seconds: after which an object that nobody writes is deleted; zero: never.
        deprecation: what is said with every answer; empty: nothing.
        to_stored: changes a body of this kind into one of the kind that it is stored as.
        from_stored: and back.
        knows_sender: its objects say who made them.
        verbs: what can be done with it, if that is less than with others.
        disowned: top-level fields that no manager owns, written as ``f:spec``.
        table_id: the name of its table in the store.
        reshaped: what is stored may be older than the schema, so it is pruned and gets its defaults when it is read.
        conversion: the webhook that converts between the versions of a custom resource; ``None``: nobody is asked.
        api_version: ``v1`` or ``apps/v1``.
        has_status: whether /status is a resource of its own.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    subresources: tuple[str, ...] = ()
    status_on_create: Json | None = None
    status_writes_metadata: bool = False
    counts_generation: bool = False
    needs_revision: bool = False
    strict_type: bool = False
    returns_deleted: bool = False
    strategic: bool = True
    graceful: bool = False
    creates_on_update: bool = False
    default_propagation: str = ""
    collection_deletes: bool = True
    counts_metadata: bool = False
    status_keeps: tuple[str, ...] = ()
    admit: Admit | None = None
    complete: Complete = nothing_to_complete
    check: Check = nothing_to_check
    custom: bool = False
    kept: bool = True
    grants: bool = False
    forget: Callable[[Json], None] | None = None
    fields: Mapping[str, Extract] = field(default_factory=lambda: METADATA_FIELDS)
    declared: Callable[[], ValueType] | None = None
    list_kind: str = ""
    scale: Mapping[str, str] | None = None
    stored: "Resource | None" = None
    whole_annotations: tuple[str, ...] = ()
    lasts_seconds: float = 0.0
    deprecation: str = ""
    to_stored: Callable[[Json], None] | None = None
    from_stored: Callable[[Json], None] | None = None
    knows_sender: bool = False
    verbs: tuple[str, ...] = ()
    disowned: tuple[str, ...] = ()
    conversion: Json | None = None
    reshaped: bool = False
    table_id: tuple[str, str] = field(init=False)
    api_version: str = field(init=False)
    has_status: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out what every request asks for. A kind that is stored as another has its table."""
        of = self.stored or self
        object.__setattr__(self, "table_id", (of.group, of.plural))
        object.__setattr__(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)
        object.__setattr__(self, "has_status", "status" in self.subresources)


class Registry:
    """The resources by group, version and plural, as paths name them."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._others: dict[tuple[tuple[str, str], str], list[Resource]] = {}
        self.changes = 0  # grows with every change of what is served
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve ``resource`` from now on, in the place of one of the same name."""
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._changed()

    def remove(self, group: str, plural: str, *, but: Sequence[str] = ()) -> None:
        """Serve no version of this resource any more, or none but some."""
        for path in [path for path in self._by_path if path[0] == group and path[2] == plural and path[1] not in but]:
            del self._by_path[path]
        self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self._others = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at this place."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an ``apiVersion`` and ``kind``, as owner references name it."""
        for resource in self._by_path.values():
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def versions_of(self, resource: Resource) -> list[Resource]:
        """The other resources that show the same objects, in a fixed order."""
        key = (resource.table_id, resource.api_version)
        if key not in self._others:
            self._others[key] = [
                one for one in self.all() if one.table_id == key[0] and one.api_version != resource.api_version
            ]
        return self._others[key]

    def all(self) -> list[Resource]:
        """Every resource, in a fixed order."""
        return [self._by_path[path] for path in sorted(self._by_path)]
