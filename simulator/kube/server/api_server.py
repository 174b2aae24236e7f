"""The API server: requests in, answers out, everything else is in the modules it calls.

It has no latency of its own: between two awaits of a client a request is done, unless webhooks are asked or a
revision is waited for. Latency, loss and refusals are the business of ``link.py``. It reads no clock and draws no
randomness but what it is given, so that the same requests in the same order give the same answers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.api_time import api_time
from simulator.kube.server import metadata as meta
from simulator.kube.server import subresources
from simulator.kube.server.access.authorization import Attributes, Authorizer, attributes_of, forbidden_to
from simulator.kube.server.access.reviews import Answers, Identify
from simulator.kube.server.access.users import nobody
from simulator.kube.server.admission.admission import Admission
from simulator.kube.server.admission.webhooks import CallWebhook
from simulator.kube.server.advice import advise, take_advice
from simulator.kube.server.asking import asked
from simulator.kube.server.components import component_statuses
from simulator.kube.server.connecting import connect
from simulator.kube.server.conversion import Conversion
from simulator.kube.server.custom.definitions import Definitions
from simulator.kube.server.custom.scale import rescaling, scale_of
from simulator.kube.server.deletion import Deletion, options_of
from simulator.kube.server.discovery import Discovery
from simulator.kube.server.documents import Documents
from simulator.kube.server.expiry import Expiry
from simulator.kube.server.forms import PLAIN, Shaper, form_of
from simulator.kube.server.kinds.builtins import CRD, NAMESPACES
from simulator.kube.server.kinds.everything import EVERYTHING
from simulator.kube.server.list_options import check_list, flag, from_cache, list_revision_of, number_of, revision_of
from simulator.kube.server.metadata import Draws
from simulator.kube.server.openapi import OpenApi
from simulator.kube.server.patching.applying import applying, newborn, wanted_of, writer_of
from simulator.kube.server.patching.field_ownership import Writer, born, put_entries
from simulator.kube.server.patching.field_types import check_options, check_sent_to, checked_scale
from simulator.kube.server.patching.field_validation import check_applied_once, validated, validating
from simulator.kube.server.patching.patches import patching
from simulator.kube.server.patching.write_options import APPLY, check_write_options, media_of
from simulator.kube.server.posting import create_by_update, is_new, post_to
from simulator.kube.server.reads import catch_up, get, listing, wait_until_fresh
from simulator.kube.server.refusals import Refusal, method_not_allowed, unknown_resource
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import CONNECTED, Route, resolve, watched_path
from simulator.kube.server.store import Store, Subscriber
from simulator.kube.server.time_limits import limit_of
from simulator.kube.server.unreadable import check_readable
from simulator.kube.server.versions import stored_form, through
from simulator.kube.server.watch import Feed
from simulator.kube.server.watch_cache import WatchCache
from simulator.kube.server.watching import Watching
from simulator.kube.server.writes import Make, Writes, own_copy, replacement

WATCH_BUFFER = 10_000


class ServerClock(Protocol):
    """The clock of the server's machine."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``."""
        ...


async def no_way_to_webhooks(client_config: Json, review: Json) -> Json:
    """The ``CallWebhook`` of a server that reaches none."""
    raise ConnectionError(f"no way to {client_config.get('url') or client_config.get('service')}")


class ApiServer:
    """Implements ``simulator.kube.api.Api``.

    Attributes:
        on_request: told each request before it is answered, and whether it is a watch; None: nobody listens.
    """

    def __init__(
        self,
        clock: ServerClock,
        entropy: Draws,
        *,
        builtins: Sequence[Resource] = EVERYTHING,
        call_webhook: CallWebhook = no_way_to_webhooks,
        watch_buffer: int = WATCH_BUFFER,
        managed_fields: bool = False,
        field_validation: bool = False,
        authorizer: Callable[[Store], Authorizer] | None = None,
        identify: Identify = nobody,
        cache: WatchCache | None = None,
    ) -> None:
        """An empty cluster with its four namespaces, or one more server of a cluster that has servers already.

        Args:
            clock: the server machine's time.
            entropy: for uids, name suffixes and the length of watches.
            builtins: the kinds that are served from the start.
            call_webhook: how an admission webhook is reached.
            managed_fields: keep account of who owns which field. It costs time at each write; who applies pays in any case.
            field_validation: look for unknown fields in each write, also where the request says nothing of it.
            watch_buffer: events that a watch may hold for a reader who does not read, before it is cut off.
            authorizer: makes the one who decides which user may do what, from the objects of the store; without one
                everybody may do everything.
            identify: whose token a text is, for reviews of tokens.
            cache: what this server has at hand of a store that it shares with other servers; ``None``: it is alone, has
                a store of its own, and is never late.
        """
        self.clock = clock
        self.entropy = entropy
        self.store = Store(clock) if cache is None else cache.etcd
        known = self.cache = self.store if cache is None else cache
        self.registry = Registry(builtins)
        self._conversion = Conversion(call_webhook, clock, entropy)
        reviewer = self._admission = Admission(
            known, clock, entropy, call_webhook, self.registry, self._conversion, self._decide
        )
        self.authorizer = authorizer(known) if authorizer is not None else None
        self._writes = Writes(self.store, clock, entropy, reviewer, self._conversion, grant=self._grant)
        self._deletion = Deletion(self.store, clock, reviewer, self._conversion)
        self._answers = Answers(authorizer=self.authorizer, identify=identify)
        self._watching = Watching(known, self.store, clock, entropy, self._conversion, buffer=watch_buffer)
        self._managed_fields = managed_fields
        self._field_validation = field_validation
        self._expiries = [
            Expiry(self.store, kind.table_id, kind.lasts_seconds)
            for kind in builtins
            if kind.lasts_seconds and cache is None
        ]
        self.on_request: Callable[[ApiRequest, bool], None] | None = None
        self._definitions = Definitions(
            self.store, known, self.registry, clock, self._watching.end_of, managed_fields=managed_fields
        )
        discovery = Discovery(self.registry, known)
        self._documents = Documents(discovery, OpenApi(discovery, known))
        if cache is None:
            self._make_namespaces()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call ``subscriber(revision, type, old, new)`` at every committed write, in order, before its answer leaves.

        ``old`` is ``None`` for ADDED, ``new`` for DELETED. The objects are the store's: look, do not touch.
        """
        self.store.subscribe(subscriber)

    async def request(self, request: ApiRequest) -> ApiResponse:
        """Answer one request; what is refused is answered too."""
        if self.on_request is not None:
            self.on_request(request, False)
        try:
            if request.query and "timeout" in request.query:
                limit_of(request.query)
            if self.authorizer is not None:
                self._authorize(self.authorizer, request, watch=False)
            route = resolve(self.registry, request.path)
            resource = route.resource
            if resource.deprecation:
                advise(resource.deprecation)
            form = form_of(request.accept, request.query, listed=not route.name)
            if request.method != "GET" and (resource.grants or resource.knows_sender or self._admission.anybody()):
                asked.set(request)
            status, body = await self._dispatch(route, request)
            if resource.stored is not None or resource.reshaped:
                body = await self._conversion.answer(body, resource)
            if form is not PLAIN:
                body = Shaper(form, resource, request.query, self.cache).answer(body, self.clock.now())
        except Refusal as refusal:
            return self._refused(request, refusal)
        return ApiResponse(status=status, body=body, warnings=take_advice())

    def _refused(self, request: ApiRequest, refusal: Refusal) -> ApiResponse:
        if refusal.unserved:
            try:
                document = self._documents.answer(request)
            except Refusal as unfit:
                refusal, document = unfit, None
            if document is not None:
                return ApiResponse(status=200, body=document)
        body = {"text": refusal.text} if refusal.text else refusal.status
        return ApiResponse(status=refusal.code, body=body, warnings=take_advice())

    def _authorize(self, authorizer: Authorizer, request: ApiRequest, *, watch: bool) -> None:
        """Nothing, if the user may do this.

        Raises:
            Refusal: 403.
        """
        action = attributes_of(request, watch=watch)
        if not authorizer.allows(action):
            raise forbidden_to(action, authorizer.reason(action))

    def _decide(self, check: Mapping[str, str]) -> tuple[bool, str]:
        """Whether the user that an expression asks about may do that, and why."""
        if self.authorizer is None:
            return True, ""
        names = ("user", "verb", "path", "group", "resource", "subresource", "namespace", "name")
        groups = tuple(filter(None, check.get("groups", "").split(",")))
        action = Attributes(groups=groups, **{name: check.get(name, "") for name in names})
        return self.authorizer.allows(action), self.authorizer.reason(action)

    def _grant(self, route: Route, item: Json, old: Json | None) -> None:
        """See ``Grant``: who asks is whose request is served."""
        request = asked.get()
        if self.authorizer is not None and request is not None:
            self.authorizer.check_grant(request, route, item, old)

    async def _dispatch(self, route: Route, request: ApiRequest) -> tuple[int, Json]:
        method = request.method
        if not route.resource.kept and (method != "POST" or route.name or route.resource.verbs):
            return 200, self._computed(route, method)
        if route.subresource and route.subresource in CONNECTED:
            return connect(self.store, route, request)
        if method == "GET":
            return 200, await self._read(route, request.query)
        if request.query:
            check_write_options(request)
        if method == "POST":
            return 201, await self._post(route, request)
        if method == "DELETE" and not route.subresource:
            return 200, await self._delete(route, request)
        if method == "PATCH" and route.name and media_of(request) == APPLY:
            return await self._apply(route, request)
        if method == "PUT" and is_new(self._writes, route):
            writer = self._writer(request, route)
            return 201, await create_by_update(self._writes, route, self._validated(request, route.resource), writer)
        if method in ("PUT", "PATCH") and route.name:
            return 200, await self._change(route, request)
        raise method_not_allowed()

    def _computed(self, route: Route, method: str) -> Json:
        """What is neither kept nor a question."""
        if method != "GET" or not route.resource.verbs:
            raise unknown_resource() if route.name and not route.resource.verbs else method_not_allowed()
        return component_statuses(route)

    async def _read(self, route: Route, query: Mapping[str, str]) -> Json:
        if not route.name:
            return await self._list(route, query)
        revision = revision_of(query) if query else None
        if revision:
            await wait_until_fresh(self.cache, revision, query)
        item = get(self.store if revision is None else self.cache, route)
        return await self._scale(item, route.resource) if route.subresource == "scale" else item

    async def _scale(self, item: Json, resource: Resource) -> Json:
        return scale_of(item if resource.stored is None else await self._conversion.seen(item, resource), resource)

    async def _list(self, route: Route, query: Mapping[str, str]) -> Json:
        store, revision = self.store, None
        if query:
            check_list(query)
            number_of(query, "timeoutSeconds")
            revision = list_revision_of(query)
            if from_cache(query):
                store = self.cache
            if revision and not query.get("continue"):
                await wait_until_fresh(store, revision, query)
        if revision is None and self.cache is not store and not query.get("continue"):
            await catch_up(self.cache, store)
        return listing(store, route, query)

    async def _post(self, route: Route, request: ApiRequest) -> Json:
        dry_run = bool(request.query.get("dryRun"))
        if route.subresource or not route.name:
            check_readable(request, route.resource)
        if not route.resource.kept:
            return self._review(route, request)
        if route.subresource and self._validation(request):
            request = msgspec.structs.replace(request, body=check_sent_to(route.subresource, request.body))
        if route.subresource and not route.name:
            route = msgspec.structs.replace(route, name=meta.name_in(request.body))
        if not route.name:
            writer, body = self._writer(request, route), request.body
            validation = self._validation(request)
            if validation:
                body = validated(request, route.resource, validation)
            if route.resource.stored is not None and not route.resource.custom:
                body, route = stored_form(own_copy(body), None, route.resource), _stored_route(route)
            item = await self._writes.create(route, body, user=request.user, dry_run=dry_run, writer=writer)
            return self._established(item, dry_run=dry_run) if route.resource.table_id == CRD.table_id else item
        return await post_to(self._writes, self._deletion, route, request)

    def _review(self, route: Route, request: ApiRequest) -> Json:
        """Answer a question that is not kept."""
        resource, now = route.resource, api_time(self.clock.now())
        request = self._validated(request, resource)
        item = meta.require_object(own_copy(request.body), resource)
        item.setdefault("metadata", {})
        status = self._answers.status_of(route, request)
        if route.namespace:
            item["metadata"]["namespace"] = route.namespace
        if resource.kind == "SelfSubjectReview":
            item["metadata"]["creationTimestamp"] = now
        elif resource.kind == "SelfSubjectRulesReview":
            item["spec"] = {}  # the real server forgets it
        elif (writer := self._writer(request, route)) is not None:
            put_entries(item, born(item, request.body, resource, writer, now))
        return {**item, "status": status}

    async def _delete(self, route: Route, request: ApiRequest) -> Json:
        check_readable(request, route.resource)
        body = check_options(request.body) if request.body and self._validation(request) else request.body
        options = options_of(body, request.query)
        if not route.name:
            if not route.resource.collection_deletes or (route.resource.namespaced and not route.namespace):
                raise method_not_allowed()
            return await self._deletion.delete_collection(route, options, request.query, user=request.user)
        if route.resource.table_id == CRD.table_id and not options.dry_run:
            return self._definitions.delete(await self._deletion.admitted(route, options, user=request.user))
        return await self._deletion.delete(route, options, user=request.user)

    async def _change(self, route: Route, request: ApiRequest) -> Json:
        resource = route.resource
        check_readable(request, resource)
        if route.subresource == "finalize":
            return subresources.finalize(
                self.store, route, request.body, self.clock.now(), self._writer(request, route)
            )
        make = self._making(request, resource, route.subresource)
        if route.subresource == "scale":
            make = rescaling(make, route)
        elif route.subresource == "ephemeralcontainers":
            make = subresources.debugging(make)
        elif route.subresource == "approval":
            make = subresources.approving(make, self.clock.now())
        elif route.subresource not in ("", "status"):
            raise method_not_allowed()
        dry_run = bool(request.query.get("dryRun"))
        writer = self._writer(request, route)
        if resource.stored is not None and not resource.custom:
            make, route = through(make, resource), _stored_route(route)
        item = await self._writes.change(route, make, user=request.user, dry_run=dry_run, writer=writer)
        if route.subresource == "scale":
            return await self._scale(item, resource)
        return self._established(item, dry_run=dry_run) if resource.table_id == CRD.table_id else item

    def _making(self, request: ApiRequest, resource: Resource, subresource: str) -> Make:
        """From the old version to the one that a PUT or PATCH asks for."""
        validation = self._validation(request)
        if subresource == "scale":
            if request.method == "PUT":
                body = check_sent_to("scale", request.body) if validation else request.body
                return replacement(body, resource, needs_revision=False)
            make = patching(request.content_type, request.body, resource)
            return checked_scale(make) if validation else make
        if request.method == "PUT":
            body = validated(request, resource, validation) if validation else request.body
            return replacement(body, resource, needs_revision=resource.needs_revision)
        make = patching(request.content_type, request.body, resource)
        return validating(make, request, resource, validation) if validation else make

    def _validated(self, request: ApiRequest, resource: Resource) -> ApiRequest:
        """The request with a body that is of its kind."""
        validation = self._validation(request)
        if not validation:
            return request
        return msgspec.structs.replace(request, body=validated(request, resource, validation))

    def _validation(self, request: ApiRequest) -> str:
        """What is to be done about unknown fields; empty: nobody wants to know."""
        asked = request.query.get("fieldValidation") if request.query else ""
        return asked or ("Warn" if self._field_validation else "")

    def _writer(self, request: ApiRequest, route: Route) -> Writer | None:
        """Who is to own what this request writes."""
        check_readable(request, route.resource)
        if not self._managed_fields:
            return None
        writer = writer_of(request, route)
        if others := self._other_names(route.resource):
            writer = msgspec.structs.replace(writer, others=others)
        if route.resource.stored is None:
            return writer
        sees = route.resource if route.resource.from_stored is not None else None
        return msgspec.structs.replace(writer, api_version=route.resource.api_version, sees=sees)

    def _other_names(self, resource: Resource) -> tuple[Resource, ...]:
        """The versions of the resource, where one has other names for some fields than another."""
        others = [one for one in self.registry.versions_of(resource) if one.group == resource.group]
        renamed = any(one.from_stored is not None for one in (resource, *others))
        return tuple(others) if others and renamed else ()

    async def _apply(self, route: Route, request: ApiRequest) -> tuple[int, Json]:
        """Server-side apply: create what is not there, change what is."""
        if not request.query:
            check_write_options(request)
        check_readable(request, route.resource)
        config = wanted_of(request.body, route.resource)
        writer, now = writer_of(request, route), api_time(self.clock.now())
        if request.duplicates:
            check_applied_once(request, self._validation(request))
        dry_run = bool(request.query.get("dryRun"))
        there = (route.namespace, route.name) in self.store.table(route.resource.table_id).objects
        is_crd = route.resource.table_id == CRD.table_id
        if there or route.subresource:
            make = applying(config, route, writer, now, force=flag(request.query, "force"))
            item = await self._writes.change(route, make, user=request.user, dry_run=dry_run, writer=writer)
            return 200, self._established(item, dry_run=dry_run) if is_crd else item
        body = newborn(config, route, writer, now)
        item = await self._writes.create(route, body, user=request.user, dry_run=dry_run, writer=writer)
        return 201, self._established(item, dry_run=dry_run) if is_crd else item

    def _established(self, crd: Json, *, dry_run: bool) -> Json:
        """Serve what a definition declares."""
        return crd if dry_run else self._definitions.written(crd)

    def _make_namespaces(self) -> None:
        resource = self.registry.find("", "v1", "namespaces")
        for name in NAMESPACES if resource is not None else ():
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            route = resolve(self.registry, "/api/v1/namespaces")
            creation = self._writes.create(route, body, user="system:apiserver", dry_run=False)
            try:
                creation.send(None)
            except StopIteration:
                continue

    async def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        """The events of a collection; refusals arrive as one ERROR event."""
        feed = self.open(request)
        try:
            async for event in feed.events():
                yield event
        finally:
            feed.leave()

    def open(self, request: ApiRequest) -> Feed:
        """Begin a watch, for a reader who does not want to wait for each event; whoever opens it has to leave it."""
        if self.on_request is not None:
            self.on_request(request, True)
        try:
            if self.authorizer is not None:
                self._authorize(self.authorizer, request, watch=True)
            route = resolve(self.registry, watched_path(request.path))
            if not route.resource.kept:
                raise unknown_resource() if route.resource.verbs else method_not_allowed()
            return self._watching.open(route, request)
        except Refusal as refusal:
            feed = Feed()
            feed.refuse(refusal)
            return feed

    def restore(self, image: Json) -> None:
        """Begin with what ``Store.image`` gave, instead of an empty cluster."""
        self.store.restore(image)
        for expiry in self._expiries:
            expiry.begin_again()
        for crd in list(self.store.table(CRD.table_id).objects.values()):
            self._definitions.written(crd)

    def begin_again(self) -> None:
        """Serve what is known now and end every watch, as a restart does."""
        self.cut_watches()
        self._definitions.begin_again()

    @property
    def watches_open(self) -> int:
        """How many watches somebody has opened and not left."""
        return self._watching.count

    def cut_watches(self) -> None:
        """End every watch, as a restart of the server does."""
        self._watching.end()


def _stored_route(route: Route) -> Route:
    """The route of the same object in the version that it is stored in."""
    return msgspec.structs.replace(route, resource=route.resource.stored or route.resource)
