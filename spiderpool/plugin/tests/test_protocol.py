"""The promises of one plugin call, driven by data."""

import json
from typing import Any

import pytest

from spiderpool.cni.config import DEFAULT_SOCKET
from spiderpool.cni.dispatch import VERBS
from spiderpool.cni.results import version_answer
from spiderpool.plugin import protocol, wire
from spiderpool.plugin.tests.script import DOWN, ENVIRON, GRANTED, NOTHING, RESULT, SECOND, STDIN, Connection, Script

START = 1000 * SECOND
EPIPE = BrokenPipeError(32, "Broken pipe")
VERBS_BUT_VERSION = ["ADD", "DEL", "CHECK", "GC", "STATUS"]


def environ(**changed: str | bytes | None) -> dict[bytes, bytes]:
    value = dict(ENVIRON)
    for name, one in changed.items():
        value.pop(name.encode(), None)
        if one is not None:
            value[name.encode()] = one.encode() if isinstance(one, str) else one
    return value


def test_an_add_forwards_stdin_and_environment_and_prints_the_answer() -> None:
    script = Script([[GRANTED]])
    assert script.run() == 0
    assert script.printed == RESULT
    (call,) = script.sent
    assert (call.verb, call.stdin) == ("ADD", STDIN)
    assert call.variables == {k.decode(): v.decode() for k, v in ENVIRON.items() if k.startswith(b"CNI_")}
    assert (call.since_ns, call.deadline_ns) == (START, START + 75 * SECOND)
    assert script.connected == [(b"/var/run/spidernet/spiderpool.sock", 75)]


def test_the_clock_is_read_before_anything_else() -> None:
    script = Script([[GRANTED]])
    script.run()
    assert script.effects[0] == "clock"


@pytest.mark.parametrize("verb", VERBS_BUT_VERSION)
def test_each_verb_has_its_path_and_passes_an_error_of_the_agent_through(verb: str) -> None:
    refusal = b'{"cniVersion":"1.0.0","code":7,"msg":"x"}\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nx-spiderpool-exit: 1\r\n\r\n" % len(refusal)
    script = Script([[head + refusal]], environ=environ(CNI_COMMAND=verb))
    assert script.run() == 1
    assert script.printed == refusal
    assert script.sent[0].verb == verb


def test_a_delete_that_succeeds_prints_nothing() -> None:
    script = Script([[NOTHING]], environ=environ(CNI_COMMAND="DEL"))
    assert script.run() == 0
    assert (script.printed, script.tombstones) == (b"", {})


def test_an_answer_may_come_in_single_bytes_and_may_be_followed_by_more() -> None:
    script = Script([[bytes([byte]) for byte in GRANTED] + [b"never read"]])
    assert script.run() == 0
    assert script.printed == RESULT


def test_version_is_answered_without_agent_and_without_stdin() -> None:
    script = Script(environ=environ(CNI_COMMAND="VERSION"))
    assert script.run() == 0
    assert script.printed == version_answer()
    assert script.effects == ["clock", "stdout"]


def test_the_constants_of_the_plugin_are_those_of_the_wire() -> None:
    assert wire.SOCKET.decode() == DEFAULT_SOCKET
    assert {key.decode(): tuple(name.decode() for name in names) for key, names in wire.NEEDED.items()} == {
        name: verb.variables for name, verb in VERBS.items() if name != "VERSION"
    }


# --- no whole answer


@pytest.mark.parametrize(("verb", "code"), [("ADD", 11), ("CHECK", 11), ("GC", 11), ("STATUS", 50)])
def test_a_dead_agent_is_a_clear_error(verb: str, code: int) -> None:
    script = Script([DOWN], environ=environ(CNI_COMMAND=verb))
    assert script.run() == 1
    error = script.error()
    assert (error["cniVersion"], error["code"]) == ("1.0.0", code)
    assert "spiderpool.sock: [Errno 111] Connection refused" in error["msg"]
    assert (script.tombstones, script.closed) == ({}, 1)


def test_a_delete_to_a_dead_agent_is_remembered_and_succeeds() -> None:
    script = Script([DOWN], environ=environ(CNI_COMMAND="DEL", CNI_NETNS=""))
    assert script.run() == 0
    assert script.printed == b""
    assert list(script.tombstones) == [b"4f1c.eth0.%d.req" % START]
    (call,) = script.remembered()
    assert (call.verb, call.since_ns, call.stdin, call.variables["CNI_NETNS"]) == ("DEL", START, STDIN, "")


def broken_connections() -> list[Any]:
    half = len(GRANTED) // 2
    return [
        pytest.param([], id="closed at once"),
        pytest.param([GRANTED[:half]], id="cut in the head"),
        pytest.param([GRANTED[:-1]], id="cut in the body"),
        pytest.param([GRANTED[:half], ConnectionResetError(104, "reset")], id="reset"),
        pytest.param([TimeoutError()], id="too slow"),
        pytest.param([b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"], id="other server"),
        pytest.param([GRANTED.replace(b"Exit: 0", b"Exit: x")], id="no exit code"),
        pytest.param([GRANTED.replace(b"Content-Length", b"Length")], id="no length"),
        pytest.param([b"rubbish\r\n\r\n"], id="no HTTP"),
    ]


@pytest.mark.parametrize("connection", broken_connections())
def test_a_delete_without_a_whole_answer_is_remembered_as_it_was_sent(connection: Connection) -> None:
    script = Script([connection], environ=environ(CNI_COMMAND="DEL"))
    assert script.run() == 0
    assert script.remembered() == script.sent
    assert (script.printed, script.closed) == (b"", 1)


@pytest.mark.parametrize("connection", broken_connections())
def test_an_add_without_a_whole_answer_says_try_again(connection: Connection) -> None:
    script = Script([connection])
    assert script.run() == 1
    assert script.error()["code"] == 11
    assert (script.tombstones, script.closed) == ({}, 1)


def test_a_delete_that_cannot_even_be_written_down_fails_and_says_why() -> None:
    full = OSError(28, "No space left on device")
    script = Script([DOWN], environ=environ(CNI_COMMAND="DEL"), spool=full)
    assert script.run() == 1
    assert script.error()["code"] == 5
    assert "No space left" in script.error()["msg"]


def test_an_add_that_got_no_answer_for_a_dead_runtime_is_given_back_by_a_tombstone() -> None:
    script = Script([[], DOWN], parent_alive=False)
    assert script.run() == 1
    (call,) = script.remembered()
    assert (call.verb, call.since_ns) == ("DEL", START + 1)


def test_an_add_that_never_reached_the_agent_has_nothing_to_give_back() -> None:
    script = Script([DOWN], parent_alive=False)
    assert script.run() == 1
    assert script.tombstones == {}


# --- giving back


def given_back(script: Script) -> None:
    assert script.run() == 1
    add, undo = script.sent
    assert (undo.verb, undo.stdin) == ("DEL", add.stdin)
    assert undo.variables == {**add.variables, "CNI_COMMAND": "DEL"}
    assert undo.since_ns == add.since_ns + 1


def test_an_address_for_a_parent_that_is_gone_is_given_back() -> None:
    script = Script([[GRANTED], [NOTHING]], parent_alive=False)
    given_back(script)
    assert script.error()["code"] == 11
    assert script.tombstones == {}


def test_an_address_that_comes_after_the_deadline_is_given_back() -> None:
    script = Script([[GRANTED], [NOTHING]], clock=(START, START + 75 * SECOND))
    given_back(script)
    assert "75 s" in script.error()["msg"]
    assert script.sent[1].deadline_ns == START + 85 * SECOND
    assert script.connected[1][1] == 10


def test_an_address_that_comes_just_in_time_is_handed_over() -> None:
    script = Script([[GRANTED]], clock=(START, START + 75 * SECOND - 1))
    assert script.run() == 0


def test_an_address_that_cannot_be_printed_is_given_back_and_nothing_more_is_printed() -> None:
    script = Script([[GRANTED], [NOTHING]], stdout=EPIPE)
    given_back(script)
    assert script.effects.count("stdout") == 1


@pytest.mark.parametrize(
    "second", [DOWN, [], [GRANTED.replace(b"Exit: 0", b"Exit: 1")]], ids=["agent down", "no answer", "agent refuses"]
)
def test_what_cannot_be_given_back_now_is_remembered(second: Connection) -> None:
    script = Script([[GRANTED], second], stdout=EPIPE)
    assert script.run() == 1
    assert list(script.tombstones) == [b"4f1c.eth0.%d.req" % (START + 1)]
    assert script.remembered()[0].verb == "DEL"


def test_when_nothing_can_be_given_back_the_call_still_ends() -> None:
    script = Script([[GRANTED], DOWN], stdout=EPIPE, spool=OSError(28, "No space left on device"))
    assert script.run() == 1


def test_a_refused_add_gives_nothing_back() -> None:
    refusal = GRANTED.replace(b"Exit: 0", b"Exit: 1")
    script = Script([[refusal]], parent_alive=False, stdout=EPIPE)
    assert script.run() == 1
    assert len(script.sent) == 1


# --- bad input


@pytest.mark.parametrize("verb", [verb for verb in VERBS_BUT_VERSION if VERBS[verb].variables])
def test_without_an_agent_all_missing_variables_are_named(verb: str) -> None:
    script = Script([DOWN], environ={b"CNI_COMMAND": verb.encode()})
    assert script.run() == 1
    assert script.error()["code"] == 4
    assert [name for name in VERBS[verb].variables if name not in script.error()["msg"]] == []
    assert script.tombstones == {}


@pytest.mark.parametrize("value", [None, b"", b"add", b"FROB", b"ADD HTTP/1.1\r\nx: y", b"\xff"])
def test_a_command_that_is_none_is_refused_before_anything_is_sent(value: bytes | None) -> None:
    script = Script(environ=environ(CNI_COMMAND=value))
    assert script.run() == 1
    assert script.error()["code"] == 4
    assert "CNI_COMMAND" in script.error()["msg"]


@pytest.mark.parametrize("value", [b"A=1\nB=2", b"A=1\r\nX-CNI-IFNAME: x", b"\x1b[0m", b"a\x7f"])
def test_line_breaks_in_a_variable_are_refused_with_its_name(value: bytes) -> None:
    script = Script(environ=environ(CNI_ARGS=value))
    assert script.run() == 1
    assert script.error()["code"] == 4
    assert "CNI_ARGS" in script.error()["msg"]
    assert script.sent == []


def test_bytes_that_are_no_text_reach_the_agent_as_they_are() -> None:
    script = Script([[GRANTED]], environ=environ(CNI_ARGS=b"A=\xff\xfe"))
    script.run()
    assert script.sent[0].variables["CNI_ARGS"] == "A=\udcff\udcfe"


def test_variables_that_can_be_no_header_are_left_out() -> None:
    odd = {b"CNI_X\nY": b"1", b"CNI_a": b"2", b"CNI_A:B": b"3"}
    script = Script([[GRANTED]], environ={**ENVIRON, **odd})
    assert script.run() == 0
    assert set(script.sent[0].variables) == {name.decode() for name in ENVIRON if name.startswith(b"CNI_")}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (b"CNI_CONTAINERID", b"../../../etc/x"),
        (b"CNI_CONTAINERID", b".hidden"),
        (b"CNI_CONTAINERID", b"\xff"),
        (b"CNI_IFNAME", b"../x"),
        (b"CNI_IFNAME", b".."),
        (b"CNI_IFNAME", b"sixteen-letters-"),
    ],
)
def test_no_tombstone_gets_a_name_that_leads_elsewhere(variable: bytes, value: bytes) -> None:
    script = Script([DOWN], environ={**ENVIRON, b"CNI_COMMAND": b"DEL", variable: value})
    assert script.run() == 1
    assert script.error()["code"] == 4
    assert variable.decode() in script.error()["msg"]
    assert script.tombstones == {}


def test_stdin_that_cannot_be_read_is_an_io_failure() -> None:
    script = Script(stdin=OSError(9, "Bad file descriptor"))
    assert script.run() == 1
    assert (script.error()["code"], script.error()["cniVersion"]) == (5, "1.1.0")


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b"\xff\x00", b'{"cniVersion":["1.0.0"]}', b"[" * 100_000])
def test_an_error_about_any_stdin_is_one_json_object(rubbish: bytes) -> None:
    script = Script([DOWN], stdin=rubbish)
    assert script.run() == 1
    assert (script.error()["code"], script.error()["cniVersion"]) == (11, "1.1.0")


# --- the socket's path


def with_path(value: object) -> bytes:
    return json.dumps({"name": "lan", "ipam": {"type": "spiderpool", "ipam_unix_socket_path": value}}).encode()


def test_the_socket_may_be_named_on_stdin() -> None:
    script = Script([[GRANTED]], stdin=with_path("/run/other.sock"))
    assert script.run() == 0
    assert script.connected[0][0] == b"/run/other.sock"


@pytest.mark.parametrize(
    "stdin",
    [
        with_path(7),
        with_path("relative"),
        with_path(None),
        b'"ipam_unix_socket_path"',
        b'{"ipam":"ipam_unix_socket_path"}',
        b"{ipam_unix_socket_path",
    ],
)
def test_a_malformed_path_is_left_for_the_agent_at_the_usual_place_to_refuse(stdin: bytes) -> None:
    script = Script([[GRANTED]], stdin=stdin)
    script.run()
    assert script.connected[0][0] == wire.SOCKET
    assert script.sent[0].stdin == stdin


def test_the_process_may_be_killed_at_any_effect() -> None:
    """The simulator closes the generator of a killed process; nothing may be done after that."""
    whole = Script([[GRANTED], [NOTHING]], stdout=EPIPE)
    whole.run()
    for last in range(1, len(whole.effects) + 1):
        script = Script([[GRANTED], [NOTHING]], stdout=EPIPE)
        effects = protocol.run(script.environ)
        step = effects.send(None)
        for _ in range(last - 1):
            step = script._do(effects, step)
        effects.close()
        assert len(script.effects) == last - 1
