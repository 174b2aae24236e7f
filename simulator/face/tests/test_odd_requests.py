"""Requests that HTTP allows and few clients send, and protobuf that is none: an answer each, a Status where it is ours."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from simulator.face.protobuf import MAGIC
from simulator.face.tests.door import CONFIGMAPS, Door, at_the_door, no_growth, until
from simulator.kube.api import ApiRequest

PODS = "/api/v1/namespaces/default/pods"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def _message(kind: str, body: bytes) -> bytes:
    return MAGIC + _field(1, _field(1, b"v1") + _field(2, kind.encode())) + _field(2, body)


_NAMED = _message("ConfigMap", _field(1, _field(1, b"a")))
_RANDOM = random.Random(7)
BODIES = {
    "nothing": b"",
    "the beginning alone": MAGIC,
    "another beginning": b"k8t\x00" + _NAMED[4:],
    "json": b'{"metadata":{"name":"a"}}',
    "an unknown kind": _message("Nothing", b""),
    "another kind": _message("Pod", _field(1, _field(1, b"a"))),
    "a number where a message belongs": _message("ConfigMap", b"\x08\x01"),
    "a field that never ends": _message("ConfigMap", b"\x0a\x7f"),
    "a number that never ends": _message("ConfigMap", b"\xff" * 20),
    "an illegal type": _message("ConfigMap", b"\x0f"),
    **{f"cut after {size}": _NAMED[:size] for size in range(5, len(_NAMED), 3)},
    **{f"noise {number}": MAGIC + _RANDOM.randbytes(40) for number in range(20)},
    **{f"noise inside {number}": _message("ConfigMap", _RANDOM.randbytes(40)) for number in range(20)},
}


def test_no_protobuf_is_answered_by_a_500() -> None:
    async def story(door: Door) -> None:
        for name, body in BODIES.items():
            for method, path in (("POST", CONFIGMAPS), ("PUT", f"{CONFIGMAPS}/a"), ("DELETE", f"{CONFIGMAPS}/a")):
                status, _, said = await door.ask(method, path, body, f"Content-Type: {PROTOBUF}")
                assert status < 500, (name, method, said)
                assert said["kind"] in ("Status", "ConfigMap"), (name, method)

    at_the_door(story)


def test_a_message_that_is_one_is_taken() -> None:
    async def story(door: Door) -> None:
        status, _, said = await door.ask("POST", CONFIGMAPS, _NAMED, f"Content-Type: {PROTOBUF}")
        assert (status, said["metadata"]["name"]) == (201, "a")

    at_the_door(story)


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "TRACE", "CONNECT", "LOCK", "get", "X" * 300])
def test_no_method_is_answered_by_a_500(method: str) -> None:
    async def story(door: Door) -> None:
        for path in (CONFIGMAPS, f"{CONFIGMAPS}/a", "/healthz", "/"):
            said = await door.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert int(said.split()[1]) < 500, said[:200]

    at_the_door(story)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"a" * (2 << 20) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(10_000)) + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    ],
    ids=["path", "header", "headers", "length and chunks", "two lengths"],
)
def test_a_head_that_is_too_large_or_says_two_things_is_refused(head: bytes) -> None:
    async def story(door: Door) -> None:
        try:
            said = await door.send(head)
        except ConnectionResetError:  # while the rest of it was on its way
            said = b""
        assert not said or 400 <= int(said.split()[1]) < 500, said[:200]
        assert (await door.ask("GET", "/healthz"))[0] == 200

    at_the_door(story)


def _chunked(*chunks: bytes) -> bytes:
    head = f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(chunks)


def test_a_body_in_chunks_is_put_together() -> None:
    async def story(door: Door) -> None:
        parts = (b'{"metadata":', b'{"name":"a"}', b"}")
        said = await door.send(_chunked(*(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"))
        assert said.startswith(b"HTTP/1.1 201"), said[:200]

    at_the_door(story)


@pytest.mark.parametrize(
    "chunks",
    [(b"zz\r\nabc\r\n",), (b"-1\r\nabc\r\n",), (b"3\r\nabcdef\r\n0\r\n\r\n",), (b"ffffffffffffffffff\r\n",)],
    ids=["words", "less than nothing", "more than said", "more than there is"],
)
def test_chunks_that_are_none_are_refused(chunks: Sequence[bytes]) -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        writer.write(_chunked(*chunks))
        writer.write_eof()
        said = await reader.read()
        assert not said or 400 <= int(said.split()[1]) < 500, said[:200]
        writer.close()
        status, _, found = await door.ask("GET", CONFIGMAPS)
        assert (status, found["items"]) == (200, [])

    at_the_door(story)


def test_requests_that_come_at_once_are_answered_in_their_order() -> None:
    async def story(door: Door) -> None:
        paths = ("/healthz", f"{CONFIGMAPS}/none", "/version")
        last = "Connection: close\r\n"
        lines = (f"GET {path} HTTP/1.1\r\nHost: x\r\n{last if path == paths[-1] else ''}\r\n" for path in paths)
        said = await door.send("".join(lines).encode())
        assert [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
        assert said.index(b"ok") < said.index(b"NotFound") < said.index(b"gitVersion")

    at_the_door(story)


def test_a_connection_that_is_kept_serves_many_requests() -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        for _ in range(200):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(2) == b"ok"
        writer.close()

    at_the_door(story)


def test_a_client_that_waits_before_its_body_is_told_to_go_on() -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        body = b'{"metadata":{"name":"a"}}'
        head = f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(body)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201")
        writer.close()

    at_the_door(story)


def test_an_old_client_is_answered_and_left() -> None:
    async def story(door: Door) -> None:
        said = await door.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert said.split()[1] == b"200"
        assert said.endswith(b"ok")

    at_the_door(story)


@pytest.mark.parametrize("other", ["websocket", "SPDY/3.1", "h2c"])
def test_a_path_that_takes_no_other_protocol_answers_in_this_one(other: str) -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        more = f"Connection: Upgrade\r\nUpgrade: {other}\r\nSec-WebSocket-Version: 13\r\n"
        writer.write(f"GET /version HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
        assert (await reader.readline()).split()[1] in (b"200", b"400", b"403")
        writer.close()

    at_the_door(story)


async def _fill(door: Door, count: int) -> None:
    for number in range(count):
        body = {"metadata": {"name": f"a{number}"}, "data": {"text": "x" * 1000}}
        await door.server.request(ApiRequest(method="POST", path=CONFIGMAPS, body=body))


def test_a_client_that_goes_in_the_middle_of_a_long_list_leaves_nothing() -> None:
    async def story(door: Door) -> None:
        await _fill(door, 3000)
        await door.ask("GET", CONFIGMAPS)
        with no_growth(5_000):
            for _ in range(10):
                reader, writer = await door.connect_narrow()
                writer.write(f"GET {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert len(await reader.read(100)) > 0
                writer.close()
            status, _, said = await door.ask("GET", CONFIGMAPS)
            assert (status, len(said["items"])) == (200, 3000)
            del said

    at_the_door(story)


def test_a_watcher_that_goes_is_forgotten_at_once() -> None:
    async def story(door: Door) -> None:
        await door.ask("GET", CONFIGMAPS)
        with no_growth(2_000):
            for _ in range(100):
                reader, writer = await door.connect()
                writer.write(f"GET {CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                await reader.readline()
                writer.close()
                await until(lambda: door.watches() == 0)

    at_the_door(story)


def test_nothing_grows_at_rest() -> None:
    """Ten minutes of the cluster's time, with watchers that hear bookmarks and nothing else."""

    async def story(door: Door) -> None:
        await _fill(door, 10)
        held = [await door.connect() for _ in range(50)]
        for _, writer in held:
            path = f"{CONFIGMAPS}?watch=true&allowWatchBookmarks=true"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: door.watches() == 50)
        await _heard_bookmarks(held)
        with no_growth(2_000):
            for _ in range(5):
                await _heard_bookmarks(held)
        for _, writer in held:
            writer.close()

    at_the_door(story, speed=300.0)


async def _heard_bookmarks(held: Sequence[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    for reader, _ in held:
        await reader.readuntil(b"BOOKMARK")
        await reader.readuntil(b"}}\n")
