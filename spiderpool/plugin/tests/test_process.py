"""The built file as a real process, against a stand-in for the agent on a real unix socket."""

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

import pytest

from spiderpool.cni.forwarded import Forwarded
from spiderpool.plugin.tests.script import ENVIRON, GRANTED, NOTHING, RESULT, STDIN
from spiderpool.plugin.tests.stub_agent import Node, Outcome, answers, scene

DELETE = {**ENVIRON, b"CNI_COMMAND": b"DEL"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(tmp_path)
    made.build()
    return made


def quiet(outcome: Outcome) -> Outcome:
    assert outcome.stderr == b""
    return outcome


def test_an_add_prints_the_agents_answer(node: Node) -> None:
    outcome = quiet(asyncio.run(scene(node, answers(GRANTED))))
    assert (outcome.exit_code, outcome.stdout) == (0, RESULT)
    (call,) = node.received
    assert (call.verb, call.stdin, call.variables["CNI_IFNAME"]) == ("ADD", STDIN, "eth0")


def test_the_call_is_stamped_with_the_boot_clock(node: Node) -> None:
    import time

    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    asyncio.run(scene(node, answers(GRANTED)))
    (call,) = node.received
    assert before < call.since_ns < time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert call.deadline_ns - call.since_ns == 75_000_000_000


def test_version_needs_nobody(node: Node) -> None:
    outcome = quiet(asyncio.run(node.call(environ={b"CNI_COMMAND": b"VERSION"}, stdin=b"")))
    assert outcome.exit_code == 0
    assert outcome.error()["supportedVersions"][-1] == "1.1.0"


@pytest.mark.parametrize(("verb", "code"), [(b"ADD", 11), (b"STATUS", 50), (b"GC", 11), (b"CHECK", 11)])
def test_without_an_agent_the_error_is_clear(node: Node, verb: bytes, code: int) -> None:
    outcome = quiet(asyncio.run(node.call(environ={**ENVIRON, b"CNI_COMMAND": verb})))
    assert outcome.exit_code == 1
    assert outcome.error()["code"] == code
    assert "No such file" in outcome.error()["msg"]


def test_a_delete_without_an_agent_leaves_a_tombstone_for_root_alone(node: Node) -> None:
    outcome = quiet(asyncio.run(node.call(environ=DELETE)))
    assert (outcome.exit_code, outcome.stdout) == (0, b"")
    ((name, call),) = node.remembered().items()
    assert name == f"4f1c.eth0.{call.since_ns}.req"
    assert (call.verb, call.stdin) == ("DEL", STDIN)
    assert stat.S_IMODE((node.spool / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(node.spool.stat().st_mode) == 0o700


def test_a_second_delete_leaves_a_second_tombstone_beside_the_first(node: Node) -> None:
    asyncio.run(node.call(environ=DELETE))
    asyncio.run(node.call(environ=DELETE))
    assert len(node.remembered()) == 2


def test_a_delete_fails_when_not_even_the_tombstone_can_be_written(node: Node) -> None:
    (node.folder / "var").write_bytes(b"a file where a folder should be")
    outcome = quiet(asyncio.run(node.call(environ=DELETE)))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 5)


def test_half_an_answer_is_none(node: Node) -> None:
    outcome = quiet(asyncio.run(scene(node, answers(GRANTED[:-3]))))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 11)
    assert "closed the connection" in outcome.error()["msg"]


async def silence(node: Node, environ: dict[bytes, bytes]) -> Outcome:
    over = asyncio.Event()

    async def wait(_: Forwarded, writer: asyncio.StreamWriter) -> None:
        await over.wait()

    server = await node.serve(wait)
    outcome = await node.call(environ=environ)
    over.set()
    server.close()
    return outcome


def test_a_silent_agent_is_left_at_the_deadline(node: Node) -> None:
    node.build(DEADLINE_SECONDS=0.2)
    outcome = quiet(asyncio.run(silence(node, ENVIRON)))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 11)
    assert "timed out" in outcome.error()["msg"]


def test_a_delete_to_a_silent_agent_is_remembered_at_the_deadline(node: Node) -> None:
    node.build(DEADLINE_SECONDS=0.2)
    outcome = quiet(asyncio.run(silence(node, DELETE)))
    assert (outcome.exit_code, len(node.remembered())) == (0, 1)


def test_a_full_backlog_is_waited_for_until_the_deadline(node: Node) -> None:
    node.build(DEADLINE_SECONDS=0.2)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(os.fspath(node.socket))
        listener.listen(0)
        first.connect(os.fspath(node.socket))
        outcome = quiet(asyncio.run(node.call()))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 11)
    assert "timed out" in outcome.error()["msg"]


def test_a_huge_configuration_reaches_the_agent_whole(node: Node) -> None:
    huge = STDIN[:-1] + b',"x":"' + b"y" * 5_000_000 + b'"}'
    outcome = quiet(asyncio.run(scene(node, answers(GRANTED), stdin=huge)))
    assert outcome.exit_code == 0
    assert node.received[0].stdin == huge


def test_a_huge_answer_is_printed_whole(node: Node) -> None:
    body = b'"' + b"y" * 3_000_000 + b'"\n'
    answer = b"HTTP/1.1 200 OK\r\nX-Spiderpool-Exit: 0\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert asyncio.run(scene(node, answers(answer))).stdout == body


def test_bytes_that_are_no_text_pass_through_the_environment(node: Node) -> None:
    environ = {**ENVIRON, b"CNI_ARGS": b"A=\xff", b"LANG": b"\xfe", b"\xfd": b"\xfc"}
    outcome = quiet(asyncio.run(scene(node, answers(GRANTED), environ=environ)))
    assert outcome.exit_code == 0
    assert node.received[0].variables["CNI_ARGS"] == "A=\udcff"


def test_a_line_break_in_the_arguments_is_refused(node: Node) -> None:
    outcome = quiet(asyncio.run(node.call(environ={**ENVIRON, b"CNI_ARGS": b"A=1\nB=2"})))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 4)


def test_an_empty_environment_is_refused(node: Node) -> None:
    outcome = quiet(asyncio.run(node.call(environ={})))
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 4)


def test_the_socket_named_on_stdin_is_used(node: Node) -> None:
    elsewhere = Node(node.folder / "elsewhere")
    elsewhere.folder.mkdir()
    stdin = b'{"name":"lan","ipam":{"ipam_unix_socket_path":"%s"}}' % os.fsencode(elsewhere.socket)

    async def call() -> Outcome:
        server = await elsewhere.serve(answers(GRANTED))
        outcome = await node.call(stdin=stdin)
        server.close()
        return outcome

    assert quiet(asyncio.run(call())).exit_code == 0
    assert elsewhere.received[0].stdin == stdin


async def call_with_stdout(node: Node, stdout: int, *command: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *(command or (os.fspath(node.plugin),)),
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        env=ENVIRON,
    )
    await process.communicate(STDIN)
    assert process.returncode is not None
    return process.returncode


def verbs(node: Node) -> list[str]:
    return [call.verb for call in node.received]


def test_an_address_that_nobody_reads_is_given_back(node: Node) -> None:
    async def call() -> int:
        server = await node.serve(answers(GRANTED, NOTHING))
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return await call_with_stdout(node, writing)
        finally:
            os.close(writing)
            server.close()

    assert asyncio.run(call()) == 1
    assert verbs(node) == ["ADD", "DEL"]
    assert node.received[1].since_ns == node.received[0].since_ns + 1


def test_a_closed_stdout_does_not_become_the_agents_socket(node: Node) -> None:
    async def call() -> int:
        server = await node.serve(answers(GRANTED, NOTHING))
        try:
            shell = ("/bin/sh", "-c", 'exec "$0" >&-', os.fspath(node.plugin))
            return await call_with_stdout(node, asyncio.subprocess.DEVNULL, *shell)
        finally:
            server.close()

    assert asyncio.run(call()) == 1
    assert verbs(node) == ["ADD", "DEL"]


def test_an_address_that_cannot_be_given_back_leaves_a_tombstone(node: Node) -> None:
    async def call() -> int:
        async def last_words(_: Forwarded, writer: asyncio.StreamWriter) -> None:
            server.close()
            node.socket.unlink()
            writer.write(GRANTED)

        server = await node.serve(last_words)
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return await call_with_stdout(node, writing)
        finally:
            os.close(writing)

    assert asyncio.run(call()) == 1
    ((name, undo),) = node.remembered().items()
    assert name == f"4f1c.eth0.{node.received[0].since_ns + 1}.req"
    assert undo.verb == "DEL"


def test_an_address_for_a_runtime_that_died_meanwhile_is_given_back(node: Node) -> None:
    """A shell in the middle starts the plugin, and exits once the agent has the request."""
    configuration = node.folder / "stdin.json"
    configuration.write_bytes(STDIN)
    printed = node.folder / "stdout"

    async def call() -> None:
        async def parent_dies(request: Forwarded, writer: asyncio.StreamWriter) -> None:
            if request.verb == "ADD":
                assert middle.stdin is not None
                middle.stdin.close()
                await middle.wait()
            writer.write(GRANTED if request.verb == "ADD" else NOTHING)

        ends, lives = os.pipe()  # whoever lives holds the writing end
        server = await node.serve(parent_dies)
        with printed.open("wb") as stdout:
            middle = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", '"$0" <"$1" & read line', node.plugin, configuration),
                stdin=asyncio.subprocess.PIPE,
                stdout=stdout,
                pass_fds=(lives,),
                env=ENVIRON,
            )
        os.close(lives)
        with contextlib.closing(server):
            assert await asyncio.to_thread(os.read, ends, 1) == b""
        os.close(ends)

    asyncio.run(call())
    assert b"the caller is gone" in printed.read_bytes()
    assert verbs(node) == ["ADD", "DEL"]


def test_a_defect_becomes_an_error_object_and_a_traceback(node: Node) -> None:
    node.build(VERSION_ANSWER=7)
    outcome = asyncio.run(node.call(environ={b"CNI_COMMAND": b"VERSION"}))
    assert outcome.exit_code == 1
    assert outcome.stdout == b""  # part of an answer may already be out
    assert b"Traceback" in outcome.stderr
    node.build(SECOND="x")
    outcome = asyncio.run(node.call())
    assert (outcome.exit_code, outcome.error()["code"]) == (1, 999)
    assert b"TypeError" in outcome.stderr
