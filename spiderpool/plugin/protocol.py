"""One call of the IPAM plugin, as a generator of effects.

A pod waits for this process, and a thousand of them may start at once. So it forwards stdin as it came to the node's
agent and prints what the agent answers; it parses nothing unless it must, and nothing at run time is imported (``json``
only where stdin must be understood). The promises are those that only the plugin can keep: what the agent hands out
reaches the runtime or is given back, and a DEL that nobody heard is remembered.

``run`` yields effects as plain tuples and is sent their results; whoever drives it does the work (``__main__.py`` by
system calls, the simulator on virtual time). The first effect of all is ``("clock",)``.

| effect | result / exception thrown in |
| --- | --- |
| ("stdin",) | all bytes / OSError |
| ("clock",) | CLOCK_BOOTTIME in ns |
| ("connect", path, seconds) | None / OSError; ``seconds`` is the budget of the whole exchange: a send or receive that would outlast it raises TimeoutError |
| ("send", data) | None / OSError |
| ("receive",) | bytes, b"" at the end / OSError |
| ("close",) | None; also after a connect that failed |
| ("parent_alive",) | whether the process that started us still lives |
| ("spool", name, data) | None / OSError; the file outlives a power cut |
| ("stdout", data) | None / OSError |

The generator returns the exit code. What happens when the agent gives no whole answer:

| verb | answer |
| --- | --- |
| ADD, CHECK, GC | error 11, try again later |
| DEL | the request becomes a tombstone in the spool folder, success |
| STATUS | error 50, not available |

A container runtime may run on a host whose Python is older than the project's: the syntax here is that of Python 3.9.
"""

from __future__ import annotations

from spiderpool.plugin.wire import (
    FOREIGN,
    Call,
    parsed,
    request_bytes,
    socket_path,
    text_of,
    tombstone_name,
    unsendable,
    unusable,
    whole_answer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    Effects = Generator[tuple[Any, ...], Any, int]
    Answering = Generator[tuple[Any, ...], Any, "tuple[int, bytes]"]

DEADLINE_SECONDS = 75
GIVE_BACK_SECONDS = 10
SECOND = 1_000_000_000
VERSION_ANSWER = b'{"cniVersion":"1.1.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n'
UNHEARD = {b"ADD": 11, b"CHECK": 11, b"GC": 11, b"STATUS": 50}


class NoAnswerError(Exception):
    """The agent gave no whole answer. ``args``: the reason, and whether the request may have reached it."""


def run(environ: dict[bytes, bytes]) -> Effects:
    """One call, from start to exit code.

    Args:
        environ: The process's environment.
    """
    since = yield ("clock",)
    if environ.get(b"CNI_COMMAND") == b"VERSION":
        return (yield from _finish(VERSION_ANSWER, 0))
    try:
        stdin = yield ("stdin",)
    except OSError as error:
        return (yield from _fail(b"", 5, "the network configuration on stdin cannot be read: " + str(error)))
    call = Call(environ, stdin, since)
    problem = unsendable(environ)
    if problem:
        return (yield from _fail(stdin, 4, *problem))
    request = request_bytes(call, since + DEADLINE_SECONDS * SECOND)
    try:
        code, answer = yield from _ask(socket_path(stdin), request, DEADLINE_SECONDS)
    except NoAnswerError as error:
        return (yield from _unheard(call, request, *error.args))
    if call.command == b"ADD" and code == 0:
        return (yield from _hand_over(call, answer))
    return (yield from _finish(answer, code))


def _hand_over(call: Call, answer: bytes) -> Effects:
    """Print the addresses, or give them back when nobody is there to use them."""
    now = yield ("clock",)
    late = now - call.since >= DEADLINE_SECONDS * SECOND
    if not late and (yield ("parent_alive",)):
        try:
            yield ("stdout", answer)
        except OSError:
            yield from _give_back(call)
            return 1
        return 0
    yield from _give_back(call)
    reason = "it took longer than " + str(DEADLINE_SECONDS) + " s" if late else "the caller is gone"
    return (yield from _fail(call.stdin, 11, "the address was given back: " + reason, "try again later"))


def _give_back(call: Call) -> Effects:
    """Undo this process's own ADD, now or, when no agent answers, by a tombstone."""
    undo = call.undo()
    now = yield ("clock",)
    request = request_bytes(undo, now + GIVE_BACK_SECONDS * SECOND)
    try:
        code, _ = yield from _ask(socket_path(call.stdin), request, GIVE_BACK_SECONDS)
    except NoAnswerError:
        code = 1
    if code != 0 and not unusable(undo):
        try:
            yield ("spool", tombstone_name(undo), request)
        except OSError:
            return 1  # nothing is left to try: the agent frees the claim when the namespace is gone
    return 0


def _unheard(call: Call, request: bytes, reason: str, sent: bool) -> Effects:  # noqa: FBT001  from an error's args
    """No agent answered: do what can be done without it."""
    problem = unusable(call)
    if problem:
        return (yield from _fail(call.stdin, 4, *problem))
    msg = "spiderpool-agent on this node does not answer: " + reason
    if call.command == b"DEL":
        try:
            yield ("spool", tombstone_name(call), request)
        except OSError as error:
            msg += "; and the DEL cannot be written down: " + str(error)
            return (yield from _fail(call.stdin, 5, msg, "start the agent on this node, or make room on its disk"))
        return 0
    if call.command == b"ADD" and sent and not (yield ("parent_alive",)):
        # an address may have been claimed for a runtime that will never send the DEL
        yield from _give_back(call)
    details = "try again later; see whether the agent's pod runs on this node"
    return (yield from _fail(call.stdin, UNHEARD[call.command], msg, details))


def _ask(path: bytes, request: bytes, seconds: int) -> Answering:
    """Exchange one request. Returns exit code and body; raises NoAnswerError."""
    sent = False
    answer = b""
    whole = None
    reason = ""
    try:
        yield ("connect", path, seconds)
        sent = True
        yield ("send", request)
        while whole is None:
            data = yield ("receive",)
            if not data:
                reason = "it closed the connection after " + str(len(answer)) + " bytes"
                break
            answer += data
            whole = whole_answer(answer)
    except OSError as error:
        reason = text_of(path) + ": " + (str(error) or "timed out")
    yield ("close",)  # in no `finally`: a process that is killed closes nothing by itself
    if whole is None:
        raise NoAnswerError(reason, sent)
    if whole[0] == FOREIGN:
        raise NoAnswerError("it answered " + text_of(answer[:60].partition(b"\r\n")[0]), sent)
    return whole


def _fail(stdin: bytes, code: int, msg: str, details: str = "") -> Effects:
    """End with a CNI error object."""
    import json  # noqa: PLC0415  as above

    version = parsed(stdin).get("cniVersion")
    known = json.loads(VERSION_ANSWER)
    value = {
        "cniVersion": version if version in known["supportedVersions"] else known["cniVersion"],
        "code": code,
        "msg": msg,
    }
    if details:
        value["details"] = details
    return (yield from _finish(json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n", 1))


def _finish(answer: bytes, code: int) -> Effects:
    """End with this answer; one that cannot be printed is a failure."""
    if answer:
        try:
            yield ("stdout", answer)
        except OSError:
            return 1
    return code
