"""What the HTTP client sends, and what it makes of answers that a healthy server does not give."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from spiderpool.kube import errors
from spiderpool.kube.http import Limits, connect
from spiderpool.kube.port import Kube, WatchEvent
from spiderpool.kube.tests.stub import (
    Reply,
    answer,
    half_an_answer,
    hang_up,
    kubeconfig,
    silence,
    status,
    stream,
    stub,
)
from spiderpool.resources.core import Lease
from spiderpool.resources.kinds import LEASES, NODES, PODS
from spiderpool.resources.meta import ObjectMeta

LEASE = Lease(metadata=ObjectMeta(name="a", namespace="ns", uid="u1", resource_version="7"))
LEASE_JSON = {"metadata": {"name": "a", "namespace": "ns", "uid": "u1", "resourceVersion": "8"}}
QUICK = Limits(read_seconds=0.2, write_seconds=0.2, connect_seconds=0.2, watch_silence_seconds=0.2)

Call = Callable[[Kube], Awaitable[Any]]


async def _watch(kube: Kube, revision: str = "5") -> list[WatchEvent[Lease]]:
    return [event async for event in kube.watch(LEASES, revision=revision, namespace="ns")]


READS: list[tuple[str, Call]] = [
    ("get", lambda kube: kube.get(LEASES, "a", namespace="ns")),
    ("list", lambda kube: kube.list(LEASES)),
    ("watch", _watch),
]
WRITES: list[tuple[str, Call]] = [
    ("create", lambda kube: kube.create(LEASES, LEASE)),
    ("update", lambda kube: kube.update(LEASES, LEASE)),
    ("update_status", lambda kube: kube.update_status(LEASES, LEASE)),
    ("patch", lambda kube: kube.patch(LEASES, "a", {"spec": None}, namespace="ns")),
    ("delete", lambda kube: kube.delete(LEASES, "a", namespace="ns")),
]


def outcome(folder: Path, call: Call, *replies: Reply, limits: Limits | None = None) -> tuple[Exception | None, int]:
    """What one call raises, and how many requests the server saw."""

    async def story() -> tuple[Exception | None, int]:
        async with stub(folder, *replies, limits=limits) as (server, kube):
            try:
                await call(kube)
            except errors.KubeError as error:
                return error, len(server.asked)
            return None, len(server.asked)

    return asyncio.run(story())


def asked(folder: Path, call: Call, *replies: Reply, user: str = "{}") -> list[Any]:
    async def story() -> list[Any]:
        async with stub(folder, *replies, user=user) as (server, kube):
            await call(kube)
            return server.asked

    return asyncio.run(story())


def parameters(target: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


# --- what is sent ---


def test_an_update_replaces_the_object_under_its_name_and_says_what_it_is(tmp_path: Path) -> None:
    (request,) = asked(tmp_path, lambda kube: kube.update(LEASES, LEASE), answer(200, LEASE_JSON))
    assert (request.method, request.target) == ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ns/leases/a")
    assert request.json["kind"] == "Lease"
    assert request.json["apiVersion"] == "coordination.k8s.io/v1"
    assert request.json["metadata"]["resourceVersion"] == "7"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "spiderpool-test/1"
    assert "authorization" not in request.headers


def test_a_status_is_replaced_under_its_own_path(tmp_path: Path) -> None:
    (request,) = asked(tmp_path, lambda kube: kube.update_status(LEASES, LEASE), answer(200, LEASE_JSON))
    assert (request.method, request.target) == ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ns/leases/a/status")


def test_a_patch_is_a_merge_patch_of_exactly_what_was_given(tmp_path: Path) -> None:
    merge = {"metadata": {"labels": {"x": None}}}
    (request,) = asked(tmp_path, lambda kube: kube.patch(LEASES, "a", merge, namespace="ns"), answer(200, LEASE_JSON))
    assert (request.method, request.headers["content-type"]) == ("PATCH", "application/merge-patch+json")
    assert request.json == merge


def test_a_delete_names_the_incarnation(tmp_path: Path) -> None:
    (request,) = asked(
        tmp_path, lambda kube: kube.delete(NODES, "n1", uid="u1", revision="7"), answer(200, status(200, "Success"))
    )
    assert (request.method, request.target) == ("DELETE", "/api/v1/nodes/n1")
    assert request.json["preconditions"] == {"uid": "u1", "resourceVersion": "7"}


def test_a_watch_asks_for_bookmarks_and_an_end(tmp_path: Path) -> None:
    async def call(kube: Kube) -> None:
        async for _ in kube.watch(PODS, revision="5", labels="a=b,c in (d,e)", fields="spec.nodeName=n1"):
            pass

    (request,) = asked(tmp_path, call, stream())
    assert urlsplit(request.target).path == "/api/v1/pods"
    assert parameters(request.target) == {
        "watch": "1",
        "resourceVersion": "5",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
        "labelSelector": "a=b,c in (d,e)",
        "fieldSelector": "spec.nodeName=n1",
    }


def test_a_list_is_read_in_pages_and_only_the_first_names_a_revision(tmp_path: Path) -> None:
    def page(name: str, rest: str) -> Reply:
        return answer(
            200, {"metadata": {"resourceVersion": "9", "continue": rest}, "items": [{"metadata": {"name": name}}]}
        )

    async def story() -> tuple[list[str], str, list[dict[str, str]]]:
        async with stub(tmp_path, page("a", "t1"), page("b", "t2"), page("c", "")) as (server, kube):
            listing = await kube.list(LEASES, labels="x=y", revision="0")
            return (
                [item.metadata.name for item in listing.items],
                listing.revision,
                [parameters(request.target) for request in server.asked],
            )

    assert asyncio.run(story()) == (
        ["a", "b", "c"],
        "9",
        [
            {"labelSelector": "x=y", "resourceVersion": "0", "limit": "500"},
            {"labelSelector": "x=y", "limit": "500", "continue": "t1"},
            {"labelSelector": "x=y", "limit": "500", "continue": "t2"},
        ],
    )


def test_a_list_whose_snapshot_expires_between_two_pages_is_read_in_one_piece(tmp_path: Path) -> None:
    first = answer(
        200, {"metadata": {"resourceVersion": "9", "continue": "t1"}, "items": [{"metadata": {"name": "a"}}]}
    )
    whole = answer(200, {"metadata": {"resourceVersion": "12"}, "items": [{"metadata": {"name": "b"}}]})

    async def story() -> tuple[list[str], str, dict[str, str]]:
        async with stub(tmp_path, first, answer(410, status(410, "Expired")), whole) as (server, kube):
            listing = await kube.list(LEASES)
            return [item.metadata.name for item in listing.items], listing.revision, parameters(server.asked[-1].target)

    assert asyncio.run(story()) == (["b"], "12", {})


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../namespaces/x", "a%2Fb"])
def test_a_name_that_would_become_another_path_is_refused_unsent(tmp_path: Path, name: str) -> None:
    error, requests = outcome(tmp_path, lambda kube: kube.get(NODES, name))
    assert isinstance(error, errors.Invalid)
    assert [cause.field for cause in error.causes] == ["metadata.name"]
    assert requests == 0


def test_an_object_without_a_namespace_is_refused_unsent_where_its_kind_needs_one(tmp_path: Path) -> None:
    error, requests = outcome(tmp_path, lambda kube: kube.create(LEASES, Lease(metadata=ObjectMeta(name="a"))))
    assert isinstance(error, errors.Invalid)
    assert requests == 0


def test_unusual_characters_in_a_name_stay_within_it(tmp_path: Path) -> None:
    (request,) = asked(tmp_path, lambda kube: kube.get(NODES, "a?b#c d"), answer(200, {"metadata": {}}))
    assert request.target == "/api/v1/nodes/a%3Fb%23c%20d"


# --- what comes back ---


@pytest.mark.parametrize(("name", "call"), READS, ids=[name for name, _ in READS])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(404, status(404, "NotFound")), errors.NotFound),
        (answer(403, status(403, "Forbidden")), errors.Forbidden),
        (answer(500, status(500, "InternalError")), errors.Unavailable),
        (answer(503, b"<html>"), errors.Unavailable),
        (answer(504, status(504, "Timeout")), errors.Unavailable),
        (half_an_answer, errors.Unavailable),
        (silence, errors.Unavailable),
        (answer(200, b'{"metadata": 5}'), errors.Unavailable),
        (answer(200, b"<html>"), errors.Unavailable),
    ],
)
def test_a_read_that_went_wrong(
    tmp_path: Path, name: str, call: Call, reply: Reply, expected: type[errors.KubeError]
) -> None:
    error, _ = outcome(tmp_path, call, reply, limits=QUICK)
    assert type(error) is expected


@pytest.mark.parametrize(("name", "call"), WRITES, ids=[name for name, _ in WRITES])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(409, status(409, "AlreadyExists")), errors.AlreadyExists),
        (answer(409, status(409, "Conflict")), errors.Conflict),
        (answer(422, status(422, "Invalid")), errors.Invalid),
        (answer(429, status(429, "TooManyRequests")), errors.TooManyRequests),
        (answer(500, status(500, "InternalError")), errors.UnknownOutcome),
        (answer(504, status(504, "Timeout")), errors.UnknownOutcome),
        (hang_up, errors.UnknownOutcome),
        (half_an_answer, errors.UnknownOutcome),
        (silence, errors.UnknownOutcome),
    ],
)
def test_a_write_that_went_wrong_was_sent_once(
    tmp_path: Path, name: str, call: Call, reply: Reply, expected: type[errors.KubeError]
) -> None:
    never = answer(200, LEASE_JSON)
    error, requests = outcome(tmp_path, call, reply, never, limits=QUICK)
    assert type(error) is expected
    assert requests == 1


def test_a_write_whose_answer_cannot_be_read_may_have_happened(tmp_path: Path) -> None:
    error, _ = outcome(tmp_path, lambda kube: kube.create(LEASES, LEASE), answer(201, b"<html>"))
    assert type(error) is errors.UnknownOutcome


def test_a_read_whose_connection_breaks_is_sent_again_once(tmp_path: Path) -> None:
    error, requests = outcome(tmp_path, READS[0][1], hang_up, answer(200, LEASE_JSON))
    assert (error, requests) == (None, 2)


@pytest.mark.parametrize(("name", "call"), [*READS, *WRITES], ids=[name for name, _ in [*READS, *WRITES]])
def test_nothing_was_sent_where_nobody_listens(tmp_path: Path, name: str, call: Call) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        path = kubeconfig(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}")

        async def story() -> None:
            kube = await connect(path, user_agent="test")
            try:
                await call(kube)
            finally:
                await kube.close()

        with pytest.raises(errors.Unavailable, match=r"no connection to http://127\.0\.0\.1"):
            asyncio.run(story())


def test_a_write_that_got_no_connection_in_time_was_not_sent(tmp_path: Path) -> None:
    async def story() -> type[BaseException]:
        limits = Limits(connections=1, connect_seconds=0.1)
        async with stub(tmp_path, silence, limits=limits) as (server, kube):
            busy = asyncio.get_running_loop().create_task(kube.get(LEASES, "a", namespace="ns"))
            await server.came.wait()
            with pytest.raises(errors.KubeError) as caught:
                await kube.create(LEASES, LEASE)
            busy.cancel()
            return type(caught.value)

    assert asyncio.run(story()) is errors.Unavailable


def test_a_cancelled_write_is_cancelled(tmp_path: Path) -> None:
    async def story() -> bool:
        async with stub(tmp_path, silence) as (server, kube):
            writing = asyncio.get_running_loop().create_task(kube.create(LEASES, LEASE))
            await server.came.wait()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            return writing.cancelled()

    assert asyncio.run(story())


def test_after_close_nothing_is_sent(tmp_path: Path) -> None:
    async def story() -> int:
        async with stub(tmp_path, answer(201, LEASE_JSON)) as (server, kube):
            await kube.close()
            with pytest.raises(errors.Unavailable, match="closed"):
                await kube.create(LEASES, LEASE)
            return len(server.asked)

    assert asyncio.run(story()) == 0


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (answer(429, status(429, "TooManyRequests"), Retry_After="7"), 7.0),
        (answer(429, status(429, "TooManyRequests", retryAfterSeconds=3)), 3.0),
        (answer(429, b"slow down", Retry_After="tomorrow"), 1.0),
    ],
)
def test_an_overloaded_server_says_when_to_come_again(tmp_path: Path, reply: Reply, seconds: float) -> None:
    error, _ = outcome(tmp_path, WRITES[0][1], reply)
    assert isinstance(error, errors.TooManyRequests)
    assert error.retry_after_seconds == seconds
