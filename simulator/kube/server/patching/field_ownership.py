"""Who owns which field of an object (``metadata.managedFields``), and what server-side apply makes of that.

A plain write owns what it changes. An applier owns what it says: what it no longer says is removed unless somebody
else owns it, and what somebody else owns with another value is a conflict, unless it is forced.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from simulator.kube.server.patching.builtin_types import nothing_of, type_of
from simulator.kube.server.patching.field_sets import (
    BadFields,
    Difference,
    Fields,
    decoded_fields,
    encoded_fields,
    fields_of,
    spoken,
    with_named_fields,
    without,
)
from simulator.kube.server.patching.last_applied import MANAGER, kept_in_step, owned_by_annotation
from simulator.kube.server.patching.typed import laid_over, misfits
from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Refusal
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

BEFORE_FIRST_APPLY = "before-first-apply"
_NEVER_OWNED = frozenset(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    ]
)
# What admission and the kind's own strategy fill in at birth: it is there before anybody owns it.
_FILLED_IN = {
    "Pod": (("f:spec", "f:priority"), ("f:spec", "f:preemptionPolicy"), ("f:spec", "f:tolerations")),
    "Namespace": (("f:spec", "f:finalizers"),),
    "Job": (("f:metadata", "f:labels"), ("f:spec", "f:selector"), ("f:spec", "f:template", "f:metadata")),
    "Service": (
        ("f:spec", "f:clusterIP"),
        ("f:spec", "f:clusterIPs"),
        ("f:spec", "f:ipFamilies"),
        ("f:spec", "f:ipFamilyPolicy"),
    ),
    "PersistentVolumeClaim": (("f:metadata", "f:finalizers"),),
    "PersistentVolume": (("f:metadata", "f:finalizers"),),
    "VolumeAttributesClass": (("f:metadata", "f:finalizers"),),
    "DaemonSet": (("f:spec", "f:template", "f:metadata", "f:creationTimestamp"),),
}
_COPIED = {"Job": (("f:spec", "f:template", "f:metadata", "f:labels"), ("f:metadata", "f:labels"))}


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes: the manager's name, whether it applies, through which subresource, and in which version; empty: in the
    one that is stored. ``sees`` is the kind that the writer knows, where its fields have other names than what is stored;
    ``others`` are the kinds that writers of other versions know, where fields have other names in one of them.
    """

    manager: str
    applies: bool = False
    subresource: str = ""
    api_version: str = ""
    sees: Resource | None = None
    others: tuple[Resource, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one manager owns. ``time`` is when it last changed that; empty: never."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    fields: Fields
    time: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Entries of one key are one manager; appliers are not told apart by version."""
        version = "" if self.operation == "Apply" else self.api_version
        return self.manager, self.operation, self.subresource, version

    @property
    def spoken(self) -> str:
        """As conflicts name it."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.operation == "Apply" else f"{text} using {self.api_version}"


def decoded(given: Sequence[Json] | None) -> list[Entry]:
    """From ``metadata.managedFields``.

    Raises:
        BadFields: it makes no sense.
    """
    entries = []
    for one in given or ():
        if not isinstance(one, dict) or one.get("fieldsType") != "FieldsV1":
            raise BadFields("an entry of managedFields without FieldsV1")
        entry = Entry(
            manager=one.get("manager", ""),
            operation=one.get("operation", ""),
            api_version=one.get("apiVersion", ""),
            subresource=one.get("subresource", ""),
            fields=decoded_fields(one.get("fieldsV1") or {}),
            time=one.get("time") or "",
        )
        entries.append(entry)
    return entries


def encoded(entries: Iterable[Entry]) -> list[Json]:
    """As ``metadata.managedFields``: appliers first, then the older entries."""
    ordered = sorted(entries, key=lambda one: (one.operation, one.time, one.manager, one.api_version, one.subresource))
    return [
        {
            "manager": entry.manager,
            "operation": entry.operation,
            "apiVersion": entry.api_version,
            **({"time": entry.time} if entry.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": encoded_fields(entry.fields),
            **({"subresource": entry.subresource} if entry.subresource else {}),
        }
        for entry in ordered
    ]


def put_entries(item: Json, entries: Iterable[Entry]) -> None:
    """Write the entries into an object; none: the field goes."""
    listed = encoded(entries)
    if listed:
        item["metadata"]["managedFields"] = listed
    else:
        item["metadata"].pop("managedFields", None)


def _ownable(fields: Iterable[tuple[str, ...]], resource: Resource, subresource: str) -> Fields:
    """Without what nobody owns, and without what cannot be written this way."""
    kept = (place for place in fields if place not in _NEVER_OWNED)
    if resource.disowned:
        kept = (place for place in kept if place[0] not in resource.disowned)
    if subresource == "status":
        if resource.status_writes_metadata:
            return frozenset(place for place in kept if place[0] in ("f:status", "f:metadata"))
        return frozenset(place for place in kept if place[0] == "f:status")
    if resource.has_status:
        return frozenset(place for place in kept if place[0] != "f:status")
    return frozenset(kept)


def _others(entries: Iterable[Entry], lost: Fields) -> list[Entry]:
    """The entries without places that they have lost, and without those that have lost all."""
    left = []
    for entry in entries:
        fields = entry.fields - lost
        if fields:
            left.append(entry if fields == entry.fields else msgspec.structs.replace(entry, fields=fields))
    return left


def born(item: Json, body: Json, resource: Resource, writer: Writer, now: str) -> list[Entry]:
    """The entries of an object that is created by a plain write; ``body`` is what was sent."""
    if writer.sees is not None:
        item, body, resource = _seen(item, writer.sees), _seen(body, writer.sees), writer.sees
    difference = Difference(nothing_of(resource), _plain(item), type_of(resource))
    sent = _with_copies(fields_of(body, type_of(resource)), resource)
    written = difference.written
    if filled_in := _FILLED_IN.get(resource.kind):
        around = {place[:length] for place in sent for length in range(1, len(place) + 1)}
        written = frozenset(place for place in written if place in around or not _below(place, filled_in))
    fields = _ownable(written, resource, "")
    return [_entry(writer, resource, fields, now)] if fields else []


def _seen(item: Json, kind: Resource) -> Json:
    """A stored object with the names that its writer knows."""
    fresh: Json = msgspec.json.decode(msgspec.json.encode(item))
    if kind.from_stored is not None:
        kind.from_stored(fresh)
    return fresh


def _with_copies(sent: Fields, resource: Resource) -> Fields:
    """What was sent, and what the kind's defaults copy of it: a Job without labels takes those of its template."""
    copied = _COPIED.get(resource.kind)
    if copied is None or any(_below(place, (copied[1],)) and place != copied[1] for place in sent):
        return sent
    source, target = copied
    return sent | {target + place[len(source) :] for place in sent if _below(place, (source,))}


def _below(place: tuple[str, ...], tops: Iterable[tuple[str, ...]]) -> bool:
    return any(place[: len(top)] == top for top in tops)


def _entry(writer: Writer, resource: Resource, fields: Fields, now: str) -> Entry:
    return Entry(
        manager=writer.manager,
        operation="Apply" if writer.applies else "Update",
        api_version=writer.api_version or resource.api_version,
        subresource=writer.subresource,
        fields=fields,
        time=now,
    )


def _plain(item: Json) -> Json:
    """An object without its managed fields."""
    metadata = item["metadata"]
    if "managedFields" not in metadata:
        return item
    return {**item, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def updated(old: Json, item: Json, given: Any, resource: Resource, writer: Writer, now: str) -> list[Entry]:
    """The entries after a plain write.

    Args:
        old: the version before.
        item: the version after, complete.
        given: the managedFields that the writer sent; ``None``: it sent none.
        resource: the kind.
        writer: who writes.
        now: the time for what the writer takes.
    """
    entries = _entries_before(old, given, writer)
    before_it, after_it = old, item
    if writer.sees is not None:
        before_it, after_it, resource = _seen(old, writer.sees), _seen(item, writer.sees), writer.sees
    difference = Difference(_plain(before_it), _plain(after_it), type_of(resource))
    written = _ownable(difference.written, resource, writer.subresource)
    lost = written | _ownable(difference.removed, resource, writer.subresource)
    if not old["metadata"].get("managedFields") and given is None:
        return []
    if writer.subresource == "scale":
        if not any(entry.fields & lost for entry in entries):
            return entries
        written = frozenset(place for place in written if _is_said_in_a_scale(item, place))
    known = {kind.api_version: kind for kind in writer.others}
    left = []
    for entry in entries:
        kind = known.get(entry.api_version)
        left += _others([entry], lost if kind is None else _lost_under(kind, old, item, writer.subresource))
    if left:
        group = (writer.api_version or resource.api_version).rpartition("/")[0]
        left = [entry for entry in left if entry.api_version.rpartition("/")[0] == group]  # others cannot be converted
    if not written:
        return left
    mine = _entry(writer, resource, written, "" if writer.subresource == "scale" else now)
    before = next((entry for entry in left if entry.key == mine.key), None)
    if before is not None:
        left.remove(before)
        mine = msgspec.structs.replace(mine, fields=before.fields | written)
    return [*left, mine]


def _lost_under(kind: Resource, old: Json, item: Json, subresource: str) -> Fields:
    """What has changed under the names of another version, in which its writers own it."""
    difference = Difference(_plain(_seen(old, kind)), _plain(_seen(item, kind)), type_of(kind))
    return _ownable(difference.written | difference.removed, kind, subresource)


def _is_said_in_a_scale(item: Json, place: tuple[str, ...]) -> bool:
    """Whether a Scale has the field at all: one of no replicas leaves it out, so that nobody owns it.

    A Scale shows the entries that own its field; where none does, ownership of it is not tracked at all.
    """
    value: Any = item
    for step in place:
        value = value.get(step.removeprefix("f:")) if isinstance(value, dict) else None
    return bool(value != 0)


def _entries_before(old: Json, given: Any, writer: Writer) -> list[Entry]:
    current = old["metadata"].get("managedFields")
    try:
        if given is None or writer.subresource:
            return decoded(current)
        return [] if given in ([], [{}]) else decoded(given)
    except BadFields:
        return []


def applied(live: Json | None, config: Json, resource: Resource, writer: Writer, now: str, *, force: bool) -> Json:
    """The object after an apply, with its entries.

    Args:
        live: what is there; ``None``: nothing.
        config: what the writer wants, of the right kind.
        resource: the kind.
        writer: who applies.
        now: the time.
        force: take what others own.

    Raises:
        Refusal: 500 it does not fit the type; 409 others own a field with another value.
    """
    kind = type_of(resource)
    _check_fit(config, kind, resource)
    before = live if live is not None else _seed(resource)
    entries = _known_entries(live, kind, resource)
    said = _ownable(fields_of(config, kind), resource, writer.subresource)
    mine = _entry(writer, resource, said, "")
    last = next((entry for entry in entries if entry.key == mine.key), None)
    others = [entry for entry in entries if entry.key != mine.key]
    base = _plain(before)
    merged = laid_over(base, config, kind)
    if last is not None:
        owned = fields_of(config, kind).union(*(entry.fields for entry in others))
        merged = _pruned(merged, owned, last.fields, kind)
    difference = Difference(base, merged, kind)
    written = _ownable(difference.written, resource, writer.subresource)
    if not force:
        _check_conflicts(others, written, owned_by_annotation(live, kind) if writer.manager == MANAGER else frozenset())
    lost = written | _ownable(difference.removed, resource, writer.subresource)
    changed = live is None or merged != base
    time = now if changed else last.time if last is not None else ""
    kept = _others(others, lost)
    if said:
        kept.append(msgspec.structs.replace(mine, time=time))
    result = {**merged, "metadata": dict(merged.get("metadata") or {})}
    put_entries(result, kept)
    return kept_in_step(result, config) if writer.manager == MANAGER else result


def _seed(resource: Resource) -> Json:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}


def _known_entries(live: Json | None, kind: ValueType, resource: Resource) -> list[Entry]:
    """The entries of an object; what nobody has owned so far is given to a manager of its own."""
    if live is None:
        return []
    entries = decoded(live["metadata"].get("managedFields"))
    if entries:
        return entries
    fields = _ownable(Difference(nothing_of(resource), _plain(live), kind).written, resource, "")
    writer = Writer(manager=BEFORE_FIRST_APPLY)
    return [_entry(writer, resource, fields, live["metadata"].get("creationTimestamp", ""))] if fields else []


def _pruned(merged: Json, owned: Fields, last: Fields, kind: ValueType) -> Json:
    """Take away what the applier said last time, but what is owned still."""
    named = with_named_fields(last, kind)
    pruned = without(merged, named, kind)
    owned = with_named_fields(owned, kind)
    everything = with_named_fields(fields_of(merged, kind), kind)
    left = with_named_fields(fields_of(pruned, kind), kind) if pruned is not None else frozenset()
    pruned = without(merged, everything - (left | owned), kind)
    left = with_named_fields(fields_of(pruned, kind), kind) if pruned is not None else frozenset()
    result = without(merged, (everything - left) & named, kind)
    return result if isinstance(result, dict) else {}


def _check_fit(config: Json, kind: ValueType, resource: Resource) -> None:
    faults = list(misfits(config, kind))
    if not faults:
        return
    metadata = config.get("metadata") or {}
    name = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    of_kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
    text = faults[0] if len(faults) == 1 else "errors:\n" + "\n".join(f"  {fault}" for fault in faults)
    raise Refusal(500, "", f"failed to create typed patch object ({name}; {of_kind}): {text}")


def _check_conflicts(others: Sequence[Entry], written: Fields, allowed: Fields) -> None:
    found = [(entry.spoken, sorted(map(spoken, (entry.fields & written) - allowed))) for entry in others]
    found = sorted((manager, places) for manager, places in found if places)
    if not found:
        return
    count = sum(len(places) for _, places in found)
    if count == 1:
        text = f"1 conflict: conflict with {found[0][0]}: {found[0][1][0]}"
    else:
        lines = [line for who, places in found for line in (f"conflicts with {who}:", *(f"- {p}" for p in places))]
        text = f"{count} conflicts: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": place}
        for who, places in found
        for place in places
    ]
    raise Refusal(409, "Conflict", f"Apply failed with {text}", details={"causes": causes})
