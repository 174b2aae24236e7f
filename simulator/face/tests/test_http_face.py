"""What the HTTP face does with clients that misbehave: a Status, no hang, nothing left over."""

import asyncio
import re

import pytest

from simulator.face.tests.door import CONFIGMAPS, Door, at_the_door, no_growth, until
from simulator.kube.api import ApiRequest


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["words", "version", "length", "header", "tls"],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(data: bytes) -> None:
    async def story(door: Door) -> None:
        said = await door.send(data)
        assert said.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")), said[:100]

    at_the_door(story)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/%ff%fe",
        "/api/v1/namespaces/%00/pods/x",
        "/apis//v1",
        "/api/v1/pods?limit=%zz",
        "/api/v1/pods?continue=x",
    ],
)
def test_no_path_is_answered_by_a_500(path: str) -> None:
    async def story(door: Door) -> None:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            status, _, body = await door.ask(method, path, b"{}", "Content-Type: application/json")
            assert status < 500, (method, body)

    at_the_door(story)


@pytest.mark.parametrize(
    "body",
    [
        b'{"metadata":' * 5000,
        b"[" * 100_000,
        b'{"metadata":{"name":{}}}',
        b'{"metadata":[]}',
        b'{"metadata":{"labels":7}}',
        b'{"metadata":null}',
        b'"\\ud800"',
        b'{"a":1e999999}',
        b"\x00" * 100,
        b"a: &a [x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(20)),
    ],
    ids=["deep", "deeper", "name", "list", "labels", "null", "surrogate", "number", "zeros", "laughs"],
)
@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_no_body_is_answered_by_a_500(kind: str, body: bytes) -> None:
    async def story(door: Door) -> None:
        for path in (CONFIGMAPS, "/api/v1/namespaces/default/pods"):
            status, _, said = await door.ask("POST", path, body, f"Content-Type: {kind}")
            assert 400 <= status < 500, said
            assert said["kind"] == "Status"

    at_the_door(story)


def test_a_body_that_never_ends_is_cut_off() -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        writer.write(f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(60):
            writer.write(chunk)
        assert (await reader.readline()).split()[1] == b"413"
        writer.close()

    at_the_door(story)


def test_a_client_that_goes_in_the_middle_of_a_body_leaves_nothing() -> None:
    async def story(door: Door) -> None:
        for _ in range(20):
            _, writer = await door.connect()
            writer.write(f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
            await writer.drain()
            writer.close()
        status, _, said = await door.ask("GET", CONFIGMAPS)
        assert (status, said["items"]) == (200, [])

    at_the_door(story)


def test_a_slow_client_is_answered_when_it_has_said_all() -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        for letter in f"GET {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            writer.write(letter.encode())
            await asyncio.sleep(0)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()

    at_the_door(story)


@pytest.mark.parametrize("half", [True, False], ids=["half", "whole"])
def test_a_watch_ends_when_its_client_closes_the_connection(half: bool) -> None:
    async def story(door: Door) -> None:
        reader, writer = await door.connect()
        writer.write(f"GET {CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readline()
        assert door.watches() == 1
        if half:
            writer.write_eof()
        else:
            writer.close()
        await until(lambda: door.watches() == 0)
        writer.close()

    at_the_door(story)


def test_a_watcher_who_does_not_read_is_cut_off_without_a_gap_and_nobody_else_is() -> None:
    names = [f"a{number:03}" for number in range(100)]
    data = {"text": "x" * 200_000}  # together more than a connection holds

    async def story(door: Door) -> None:
        slow, slow_writer = await door.connect_narrow()
        quick, quick_writer = await door.connect()
        for writer in (slow_writer, quick_writer):
            writer.write(f"GET {CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        await until(lambda: door.watches() == 2)
        heard = b""
        for name in names:
            body = {"metadata": {"name": name}, "data": data}
            await door.server.request(ApiRequest(method="POST", path=CONFIGMAPS, body=body))
            while f'"name":"{name}"'.encode() not in heard:
                heard = heard[-100:] + await quick.read(1 << 20)
        said = await slow.read()
        assert said.endswith(b"\r\n0\r\n\r\n")
        told = [name.decode() for name in re.findall(rb'"name":"(a\d+)"', said)]
        assert told == names[: len(told)]
        assert 3 < len(told) < len(names)
        assert door.watches() == 1
        for writer in (slow_writer, quick_writer):
            writer.close()

    at_the_door(story, watch_buffer=3)


def test_a_thousand_idle_watchers_hear_of_a_change_and_leave_nothing() -> None:
    async def story(door: Door) -> None:
        await door.ask("GET", CONFIGMAPS)  # what is made once is there
        with no_growth(20_000):
            held = [await door.connect() for _ in range(1000)]
            for _, writer in held:
                writer.write(f"GET {CONFIGMAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await until(lambda: door.watches() == 1000)
            status, _, _ = await door.ask("POST", CONFIGMAPS, b'{"metadata":{"name":"a"}}')
            assert status == 201
            for reader, _ in held:
                assert b'"name":"a"' in await reader.readuntil(b"}}\n")
            for _, writer in held:
                writer.close()
            await until(lambda: door.watches() == 0)
            held.clear()
            await door.ask("GET", CONFIGMAPS)  # meanwhile the connections are forgotten

    at_the_door(story)


def test_many_requests_leave_nothing() -> None:
    async def story(door: Door) -> None:
        await door.ask("GET", CONFIGMAPS)
        with no_growth(2_000):
            for _ in range(300):
                await door.ask("GET", f"{CONFIGMAPS}/none")

    at_the_door(story)


def test_who_comes_when_too_many_are_served_is_told_to_come_back() -> None:
    async def story(door: Door) -> None:
        _, writer = await door.connect()  # holds the only place: its body does not come
        writer.write(
            f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer plain\r\nContent-Length: 9\r\n\r\n".encode()
        )
        await writer.drain()
        status, headers, said = await door.ask("GET", CONFIGMAPS, b"", "Authorization: Bearer plain")
        while status == 200:
            status, headers, said = await door.ask("GET", CONFIGMAPS, b"", "Authorization: Bearer plain")
        assert (status, headers["Retry-After"], headers["Content-Type"]) == (429, "1", "text/plain; charset=utf-8")
        assert said == b"Too many requests, please try again later.\n"
        assert (await door.ask("GET", CONFIGMAPS, b"", "Authorization: Bearer secret"))[0] == 200
        writer.close()
        while status == 429:
            status, _, _ = await door.ask("GET", CONFIGMAPS, b"", "Authorization: Bearer plain")
        assert status == 200

    at_the_door(story, in_flight_max=1)
