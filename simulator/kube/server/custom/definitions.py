"""The definitions of one store, kept in step with what is served.

What the controllers of the real server do a moment after a write is done here before its answer leaves: names are
given, versions are served, and with a definition go its objects. The answer shows the definition as it was written.
A server that shares its store with others serves what the definitions say that it knows of, whoever wrote them.
"""

from collections.abc import Callable
from typing import Any

from simulator.kube.api_time import api_time
from simulator.kube.server.custom.crds import resources_of
from simulator.kube.server.custom.definition_status import FINALIZER, doomed, is_true, named_status
from simulator.kube.server.patching.field_ownership import Writer, put_entries, updated
from simulator.kube.server.registry import Registry
from simulator.kube.server.selection import Selection
from simulator.kube.server.store import Change, Store, TableId
from simulator.kube.server.writes import WallClock

Json = dict[str, Any]
_SERVER = Writer(manager="kube-apiserver", subresource="status")
TABLE: TableId = ("apiextensions.k8s.io", "customresourcedefinitions")


class Definitions:
    """Serves what the definitions of a store declare."""

    def __init__(
        self,
        store: Store,
        known: Store,
        registry: Registry,
        clock: WallClock,
        end_watches: Callable[[TableId], None],
        *,
        managed_fields: bool = False,
    ) -> None:
        """Nothing is served yet.

        Args:
            store: where definitions and their objects are.
            known: what this server has at hand of them; the store itself, if it is never late.
            registry: of what is served.
            clock: for the times of conditions.
            end_watches: ends the watches of a table.
            managed_fields: keep account of who owns which field.
        """
        self.selection = Selection()
        self._store = store
        self._known = known
        self._is_late = known is not store
        self._registry = registry
        self._clock = clock
        self._end_watches = end_watches
        self._managed_fields = managed_fields
        if self._is_late:
            known.table(TABLE).join(self)
            self.begin_again()

    def begin_again(self) -> None:
        """Serve what the known definitions declare, and nothing else that is declared."""
        for resource in self._registry.all():
            if resource.custom:
                self._registry.remove(resource.group, resource.plural)
        for crd in self._known.table(TABLE).objects.values():
            self._serve_if_established(crd)

    def offer(self, change: Change) -> None:
        """A definition has come to be known."""
        crd = change.new
        metadata = change.shown["metadata"]
        emptied = metadata.get("deletionTimestamp") and FINALIZER not in (metadata.get("finalizers") or ())
        if crd is None or emptied:
            self._unserve(change.shown)
        else:
            self._serve_if_established(crd)

    def _serve_if_established(self, crd: Json) -> None:
        if is_true((crd.get("status") or {}).get("conditions"), "Established"):
            self._serve(crd)

    def _unserve(self, crd: Json) -> None:
        table_id = (crd["spec"]["group"], crd["spec"]["names"]["plural"])
        self._end_watches(table_id)
        self._registry.remove(*table_id)

    def written(self, crd: Json) -> Json:
        """A definition was created or changed; gives what to answer."""
        if crd["metadata"].get("deletionTimestamp"):
            return crd
        self._settle(crd)
        self._give_free_names(crd)
        return crd

    def _others(self, crd: Json) -> list[Json]:
        name, group = crd["metadata"]["name"], crd["spec"]["group"]
        everything = self._store.table(TABLE).objects.values()
        return [one for one in everything if one["spec"]["group"] == group and one["metadata"]["name"] != name]

    def _settle(self, crd: Json) -> None:
        status = named_status(crd, self._others(crd), self._clock.now())
        if status != crd.get("status"):
            fresh = {**crd, "metadata": dict(crd["metadata"]), "status": status}
            resource = self._registry.find(TABLE[0], "v1", TABLE[1])
            if self._managed_fields and resource is not None:
                now = api_time(self._clock.now())
                put_entries(fresh, updated(crd, fresh, None, resource, _SERVER, now))
            crd = self._store.put(TABLE, crd, fresh)
        if not self._is_late:
            self._serve_if_established(crd)

    def _serve(self, crd: Json) -> None:
        spec = crd["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        resources = resources_of(crd)
        if not any(self._registry.find(group, version["name"], plural) for version in spec["versions"]):
            self._known.table((group, plural)).began = self._known.revision
        self._registry.remove(group, plural, but=[resource.version for resource in resources])
        for resource in resources:
            self._registry.add(resource)

    def _give_free_names(self, crd: Json) -> None:
        for other in self._others(crd):
            if not is_true((other.get("status") or {}).get("conditions"), "NamesAccepted"):
                self._settle(other)

    def delete(self, crd: Json) -> Json:
        """Delete a definition with its objects; gives what to answer: the definition, marked."""
        marked = self._store.put(TABLE, crd, doomed(crd, self._clock.now()))
        spec = marked["spec"]
        table_id = (spec["group"], spec["names"]["plural"])
        table = self._store.table(table_id)
        if is_true(marked["status"]["conditions"], "Established"):
            for item in list(table.objects.values()):
                self._store.remove(table_id, item)
            if not self._is_late:
                self._unserve(marked)
        finalizers = [name for name in marked["metadata"]["finalizers"] if name != FINALIZER]
        if finalizers:
            metadata = {**marked["metadata"], "finalizers": finalizers}
            self._store.put(TABLE, marked, {**marked, "metadata": metadata})
        else:
            self._store.remove(TABLE, marked)
        self._give_free_names(marked)
        return marked
