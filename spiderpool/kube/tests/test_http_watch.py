"""What the HTTP client makes of the stream of a watch, and of its ends."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from spiderpool.kube import errors
from spiderpool.kube.http import Limits
from spiderpool.kube.tests.stub import Reply, answer, endless, status, stream, stub
from spiderpool.resources.kinds import LEASES

LEASE_JSON = {"metadata": {"name": "a", "namespace": "ns", "uid": "u1", "resourceVersion": "8"}}
QUICK = Limits(watch_silence_seconds=0.2)


def line(kind: str, name: str, revision: str, **labels: str) -> bytes:
    metadata = {"name": name, "resourceVersion": revision, "labels": labels}
    return msgspec.json.encode({"type": kind, "object": {"metadata": metadata}}) + b"\n"


def watched(folder: Path, *replies: Reply, limits: Limits | None = None) -> tuple[list[tuple[str, str]], str]:
    """The events of one watch as (type, revision), and the name of the error at its end."""

    async def story() -> tuple[list[tuple[str, str]], str]:
        seen: list[tuple[str, str]] = []
        async with stub(folder, *replies, limits=limits) as (_, kube):
            try:
                async for event in kube.watch(LEASES, revision="5"):
                    seen.append((event.type, event.revision))  # noqa: PERF401  kept when the stream breaks
            except errors.KubeError as error:
                return seen, type(error).__name__
            return seen, ""

    return asyncio.run(story())


def test_the_lines_of_a_watch_are_its_events_wherever_the_pieces_are_cut(tmp_path: Path) -> None:
    whole = line("ADDED", "a", "6") + b"\n" + line("BOOKMARK", "", "8") + line("DELETED", "a", "9")
    pieces = [whole[start : start + 13] for start in range(0, len(whole), 13)]
    assert watched(tmp_path, stream(*pieces)) == ([("ADDED", "6"), ("BOOKMARK", "8"), ("DELETED", "9")], "")


def test_a_line_of_eight_megabytes_is_an_event(tmp_path: Path) -> None:
    large = line("ADDED", "a", "6", x="y" * 8_000_000)
    assert watched(tmp_path, stream(large, line("MODIFIED", "a", "7"))) == ([("ADDED", "6"), ("MODIFIED", "7")], "")


def test_a_stream_that_breaks_is_told_after_its_events(tmp_path: Path) -> None:
    assert watched(tmp_path, stream(line("ADDED", "a", "6"), whole=False)) == ([("ADDED", "6")], "Unavailable")


def test_a_stream_that_ends_within_a_line_is_broken(tmp_path: Path) -> None:
    assert watched(tmp_path, stream(line("ADDED", "a", "6"), b'{"type":')) == ([("ADDED", "6")], "Unavailable")


def test_a_stream_that_says_nothing_for_too_long_is_given_up(tmp_path: Path) -> None:
    reply = endless(line("ADDED", "a", "6"))
    assert watched(tmp_path, reply, limits=QUICK) == ([("ADDED", "6")], "Unavailable")


def test_a_revision_that_is_no_longer_kept_is_expired_in_both_forms(tmp_path: Path) -> None:
    gone = status(410, "Expired")
    in_stream = msgspec.json.encode({"type": "ERROR", "object": gone}) + b"\n"
    assert watched(tmp_path, answer(410, gone)) == ([], "Expired")
    assert watched(tmp_path, stream(line("ADDED", "a", "6"), in_stream)) == ([("ADDED", "6")], "Expired")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(429, status(429, "TooManyRequests")), "TooManyRequests"),
        (answer(403, status(403, "Forbidden")), "Forbidden"),
        (stream(b'{"type":"ERROR","object":{"code":500,"reason":"InternalError"}}\n'), "Unavailable"),
        (stream(b'{"type":"ERROR","object":{}}\n'), "Unavailable"),
        (stream(b"<html>\n"), "Unavailable"),
    ],
)
def test_a_watch_that_is_refused(tmp_path: Path, reply: Reply, expected: str) -> None:
    assert watched(tmp_path, reply) == ([], expected)


def test_a_watch_that_is_left_gives_its_connection_back(tmp_path: Path) -> None:
    async def story() -> str:
        limits = Limits(connections=1, connect_seconds=1)
        replies = (endless(line("ADDED", "a", "6"), line("ADDED", "b", "7")), answer(200, LEASE_JSON))
        async with stub(tmp_path, *replies, limits=limits) as (_, kube):
            events = kube.watch(LEASES, revision="5")
            await anext(events)
            await events.aclose()
            return (await kube.get(LEASES, "a", namespace="ns")).metadata.name

    assert asyncio.run(story()) == "a"
