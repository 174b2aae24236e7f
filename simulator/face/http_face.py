"""HTTP in front of the API server: requests become ``ApiRequest``, answers and watches become HTTP again.

Every request gets an answer that is a Status object if it is no success, whatever was sent; the few exceptions are the
real server's own (``404 page not found``). A watch is a stream of JSON lines, in chunks, that ends when the server, the
client or the connection ends it; a client that does not read is cut off by the server's own rule.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from aiohttp import web

from simulator.face.bodies import BYTES_MAX, JSON, PROTOBUF, TOO_LARGE, YAML, media_type, read_body
from simulator.face.duplicates import duplicates_of, with_maps_merged, yaml_duplicates_of
from simulator.face.field_order import alphabetical, arranged, without_empty_items
from simulator.face.flow_control import RETRY_AFTER_SECONDS, FlowControl, too_many
from simulator.face.identity import Identities
from simulator.face.impersonation import impersonated
from simulator.face.openapi_protobuf import MEDIA_TYPE as OPENAPI_PROTOBUF
from simulator.face.openapi_protobuf import wants_protobuf
from simulator.face.representations import PLAIN, Form, form_of, not_acceptable
from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.server.access.users import MASTERS, Identity
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.metadata import Draws, new_uid
from simulator.kube.server.refusals import Refusal, internal
from simulator.kube.server.routes import Route, resolve, watched_path
from simulator.kube.server.watch import Feed, Watch

LOG = logging.getLogger(__name__)
_FALSE = ("0", "false")
_LINES_AT_ONCE = 200
_DISCOVERY = "APIGroupDiscoveryList"
_PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}


def is_watch(query: Mapping[str, str]) -> bool:
    """Whether a list is asked for as a watch; the real server takes every word but two as yes."""
    return "watch" in query and query["watch"].lower() not in _FALSE


def query_of(text: str) -> dict[str, str]:
    """The parameters of a request; of one that is repeated, the first counts."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query.setdefault(name, value)
    return query


class HttpFace:
    """``handle`` answers one HTTP request.

    Args:
        server: who answers.
        identities: whose tokens are known.
        draws: for the audit ids of requests that bring none.
        in_flight_max: how many requests are answered at a time; one more is told to come back a second later. Watches
            do not count, nor do those of masters, who must be able to look when nobody else can. Zero: any number.
    """

    def __init__(self, server: ApiServer, identities: Identities, draws: Draws, *, in_flight_max: int = 0) -> None:
        self._server = server
        self._identities = identities
        self._draws = draws
        self._encoded: tuple[Any, bytes] = (None, b"")
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        self._flows = FlowControl(server.store)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request, whatever it is."""
        headers = {
            "Audit-Id": request.headers.get("Audit-ID") or new_uid(self._draws),
            "Cache-Control": "no-cache, private",
        }
        form = PLAIN
        try:
            path, _, text = request.raw_path.partition("?")
            query = query_of(text)
            identity = self._identities.of(request.headers.get("Authorization", ""))
            asked = _asked(request, unquote(path), query, identity)
            wearing = impersonated(identity, request, asked, self._server.authorizer)
            asked = asked if wearing is identity else _worn(asked, wearing)
            wanted = form_of(asked.accept, query, asked.user_agent)
            if wants_protobuf(asked.path, asked.accept):
                wanted = Form(media_type=OPENAPI_PROTOBUF)
            if wanted is None:
                raise not_acceptable(self._route(asked))
            form = wanted
            if request.method == "GET" and self._is_watch(asked):
                return await self._watch(asked, form, request, headers)
            with self._flows.turn(asked, watch=False) if self._flows.anybody() else nullcontext():
                answer = await self._answered(asked, request)
            if answer.status >= 400:
                form = PLAIN if form.media_type == OPENAPI_PROTOBUF else form
            elif form.media_type == JSON:
                answer = msgspec.structs.replace(answer, body=self._in_order(asked, answer.body))
        except Refusal as refusal:
            answer = ApiResponse(status=refusal.code, body={"text": refusal.text} if refusal.text else refusal.status)
            if refusal.code == 429:
                headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        except Exception as error:
            LOG.exception("%s %s", request.method, request.raw_path)
            answer = ApiResponse(status=500, body=internal(f"{type(error).__name__}: {error}").status)
        return _written(answer, form, headers)

    def _in_order(self, asked: ApiRequest, body: Json) -> Json:
        """What is answered, with its fields as the real server writes them."""
        found = arranged(body)
        if found is not None:
            return without_empty_items(found) if asked.accept.startswith(PROTOBUF) else found
        route = self._route(asked) if "metadata" in body else None
        if route is not None and route.resource.custom and body["kind"].startswith(route.resource.kind):
            return alphabetical(body)
        return body

    async def _answered(self, asked: ApiRequest, request: web.BaseRequest) -> ApiResponse:
        if self._in_flight_max and self._in_flight >= self._in_flight_max and MASTERS not in asked.groups:
            raise too_many()
        self._in_flight += 1
        try:
            if request.method not in ("GET", "HEAD"):
                body, duplicates, data = await _body(request)
                if duplicates and asked.content_type == JSON and not self._is_custom(asked):
                    body = with_maps_merged(data)
                asked = msgspec.structs.replace(asked, body=body, duplicates=duplicates)
            return await self._server.request(asked)
        finally:
            self._in_flight -= 1

    def _is_watch(self, asked: ApiRequest) -> bool:
        """Only collections are watched; a single object is read, whatever the parameters say."""
        if watched_path(asked.path) != asked.path:
            return True
        if not is_watch(asked.query):
            return False
        route = self._route(asked)
        return route is None or not route.name  # what is not there is refused later

    def _is_custom(self, asked: ApiRequest) -> bool:
        """Whether a body is read as it stands, and not into the fields of a type."""
        route = self._route(asked)
        return route is None or route.resource.custom

    def _route(self, asked: ApiRequest) -> Route | None:
        try:
            return resolve(self._server.registry, asked.path)
        except Refusal:
            return None

    async def _watch(
        self, asked: ApiRequest, form: Form, request: web.BaseRequest, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        with self._flows.turn(asked, watch=True) if self._flows.anybody() else nullcontext():
            feed = self._server.open(asked)
        try:
            if not isinstance(feed, Watch):
                refused: Json = feed.queue[0]["object"]
                return _written(ApiResponse(status=refused["code"], body=refused), form, headers)
            response = web.StreamResponse(headers={**headers, "Content-Type": JSON})
            response.enable_chunked_encoding()
            await response.prepare(request)
            await self._send(feed, response)
        finally:
            feed.leave()
        await response.write_eof()
        return response

    async def _send(self, feed: Feed, response: web.StreamResponse) -> None:
        queue = feed.queue
        while queue or not feed.closed:
            if not queue:
                news = asyncio.get_running_loop().create_future()
                feed.on_news = partial(_note, news)
                await news
                continue
            await response.write(b"".join(self._line(queue.popleft()) for _ in range(min(len(queue), _LINES_AT_ONCE))))

    def _line(self, event: Json) -> bytes:
        """One event. Many watches tell of one object in a row, which is written once."""
        item = event["object"]
        if self._encoded[0] is not item:
            self._encoded = (item, msgspec.json.encode(item))
        return b'{"type":"%s","object":%s}\n' % (event["type"].encode(), self._encoded[1])


_FIELDS_TOLD_OF = (
    JSON,
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
)
_LINES_TOLD_OF = (YAML, "application/apply-patch+yaml")


def _note(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


def _asked(request: web.BaseRequest, path: str, query: Mapping[str, str], identity: Identity) -> ApiRequest:
    headers = request.headers
    return ApiRequest(
        method=request.method,
        path=path,
        query=query,
        content_type=media_type(headers.get("Content-Type", "")),
        accept=headers.get("Accept", ""),
        user_agent=headers.get("User-Agent", ""),
        user=identity.user,
        groups=identity.groups,
        user_uid=identity.uid,
        user_extra=identity.extra,
    )


def _worn(asked: ApiRequest, identity: Identity) -> ApiRequest:
    return msgspec.structs.replace(
        asked, user=identity.user, groups=identity.groups, user_uid=identity.uid, user_extra=identity.extra
    )


async def _body(request: web.BaseRequest) -> tuple[Any, tuple[str, ...], bytes]:
    """What a request carries, read no further than the real server would, what it says twice, and its text."""
    if (request.content_length or 0) > BYTES_MAX:
        return TOO_LARGE, (), b""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # clients wait for it before they send a large body
    text = bytearray()
    async for chunk in request.content.iter_any():
        text += chunk
        if len(text) > BYTES_MAX:
            return TOO_LARGE, (), b""
    kind, data = request.headers.get("Content-Type", ""), bytes(text)
    body = read_body(data, request.method, kind)
    if request.method == "DELETE" or not isinstance(body, dict | list):
        return body, (), data
    media = media_type(kind)
    if media in _LINES_TOLD_OF:
        return body, yaml_duplicates_of(data), data
    return body, duplicates_of(data) if media in _FIELDS_TOLD_OF else (), data


def _written(answer: ApiResponse, form: Form, headers: Mapping[str, str]) -> web.Response:
    if answer.body.keys() == {"text"}:
        said = {**headers, **_PLAIN_TEXT}
        return web.Response(status=answer.status, body=answer.body["text"].encode(), headers=said)
    said = {**headers, "Content-Type": form.media_type}
    if answer.body.get("kind") == _DISCOVERY:  # clients tell by the type alone which form of discovery they have got
        version = answer.body["apiVersion"].rpartition("/")[2]
        said["Content-Type"] = f"{form.media_type};g=apidiscovery.k8s.io;v={version};as={_DISCOVERY}"
        said["Cache-Control"] = "public"
    if answer.status == 504 and "kind" not in answer.body:
        said |= _PLAIN_TEXT
    retry = (answer.body.get("details") or {}).get("retryAfterSeconds") if answer.status >= 400 else None
    if retry:
        said["Retry-After"] = str(retry)
    if answer.status == 403:
        said["X-Content-Type-Options"] = "nosniff"
    response = web.Response(status=answer.status, body=form.write(answer.body), headers=said)
    for warning in answer.warnings:
        printed = "".join(letter for letter in warning if letter.isprintable())  # a header is one line
        quoted = printed.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response
