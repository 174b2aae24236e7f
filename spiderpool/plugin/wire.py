"""The plugin's bytes: the request to the agent, its answer, and what in an environment keeps both from being made.

Straight functions over bytes, for ``protocol.py``, which says what is sent when. The rules for the environment repeat
those of ``spiderpool.cni`` in their smallest form: they decide only when there is no agent that could decide.

The syntax is that of Python 3.9, and nothing is imported at run time, for the reasons given in ``protocol.py``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SOCKET = b"/var/run/spidernet/spiderpool.sock"
FOREIGN = -1
NEEDED = {
    b"ADD": (b"CNI_CONTAINERID", b"CNI_NETNS", b"CNI_IFNAME"),
    b"DEL": (b"CNI_CONTAINERID", b"CNI_IFNAME"),
    b"CHECK": (b"CNI_CONTAINERID", b"CNI_NETNS", b"CNI_IFNAME"),
    b"GC": (b"CNI_PATH",),
    b"STATUS": (),
}

CONTROLS = bytes(range(32)) + b"\x7f"
UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = b"0123456789"
NAME = UPPER + DIGITS + b"_"
ID_FIRST = UPPER + UPPER.lower() + DIGITS


class Call:
    """What one process was started with."""

    def __init__(self, environ: dict[bytes, bytes], stdin: bytes, since: int) -> None:
        self.environ = environ
        self.stdin = stdin
        self.since = since
        self.command = environ.get(b"CNI_COMMAND", b"")

    def undo(self) -> Call:
        """The DEL of an ADD: one nanosecond younger, so that it undoes no later ADD of the same container."""
        environ = dict(self.environ)
        environ[b"CNI_COMMAND"] = b"DEL"
        return Call(environ, self.stdin, self.since + 1)


def whole_answer(answer: bytes) -> tuple[int, bytes] | None:
    """Exit code and body once all of the answer is there; exit code FOREIGN when no agent of ours wrote it."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value.strip()
    length = found.get(b"content-length", b"")
    code = found.get(b"x-spiderpool-exit", b"")
    if not length.isdigit() or code not in (b"0", b"1"):
        return FOREIGN, b""
    if len(body) < int(length):
        return None
    return int(code), body[: int(length)]


def request_bytes(call: Call, deadline: int) -> bytes:
    """The request as bytes; a tombstone is exactly this."""
    lines = [b"POST /v1/cni/%s HTTP/1.1" % call.command.lower(), b"Host: spiderpool"]
    lines += [b"X-CNI-%s: %s" % (name[4:].replace(b"_", b"-"), call.environ[name]) for name in _forwarded(call.environ)]
    lines += [
        b"X-Spiderpool-Since-Ns: %d" % call.since,
        b"X-Spiderpool-Deadline-Ns: %d" % deadline,
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(call.stdin),
        b"Connection: close",
        b"",
        call.stdin,
    ]
    return b"\r\n".join(lines)


def _forwarded(environ: dict[bytes, bytes]) -> list[bytes]:
    """Names of the variables that can be header names; nobody defines others."""
    return sorted([n for n in environ if n[:4] == b"CNI_" and not n.translate(None, NAME)])


def unsendable(environ: dict[bytes, bytes]) -> tuple[str, str] | None:
    """What keeps the call from being a request: message and remedy."""
    command = environ.get(b"CNI_COMMAND", b"")
    if not command:
        return "CNI_COMMAND is not set", "the runtime must set it to ADD, DEL, CHECK, GC, STATUS or VERSION"
    if command not in NEEDED:
        return "CNI_COMMAND is " + text_of(command), "expected ADD, DEL, CHECK, GC, STATUS or VERSION"
    names = _forwarded(environ)
    together = b"".join([environ[name] for name in names])
    if together != together.translate(None, CONTROLS):
        spoiled = [name for name in names if environ[name] != environ[name].translate(None, CONTROLS)]
        listed = ", ".join(text_of(name) for name in spoiled)
        return "line breaks or control characters in " + listed, "the runtime must pass plain text"
    return None


def unusable(call: Call) -> tuple[str, str] | None:
    """What the agent would refuse in the environment, for when there is none."""
    environ = call.environ
    needed = NEEDED[call.command]
    missing = [text_of(name) for name in needed if not environ.get(name)]
    if missing:
        listed = ", ".join(missing)
        return text_of(call.command) + " needs " + listed + ", not set", "the runtime must set every one of them"
    container = environ.get(b"CNI_CONTAINERID", b"")
    if b"CNI_CONTAINERID" in needed and (
        container[:1].translate(None, ID_FIRST) or container.translate(None, ID_FIRST + b"_.-")
    ):
        return "CNI_CONTAINERID is " + text_of(container), "expected letters, digits, '_', '.' and '-'"
    ifname = environ.get(b"CNI_IFNAME", b"")
    if b"CNI_IFNAME" in needed and (
        len(ifname) > 15 or ifname in (b".", b"..") or ifname != ifname.translate(None, b"/: ")
    ):
        return "CNI_IFNAME is " + text_of(ifname), "expected at most 15 bytes, no space, '/' or ':', not '.' or '..'"
    return None


def tombstone_name(call: Call) -> bytes:
    """Name of the file that remembers a DEL; only for a call whose environment is usable."""
    return b"%s.%s.%d.req" % (call.environ[b"CNI_CONTAINERID"], call.environ[b"CNI_IFNAME"], call.since)


def socket_path(stdin: bytes) -> bytes:
    """Where the agent listens; what is malformed is left for the agent to refuse."""
    if b"ipam_unix_socket_path" not in stdin:
        return SOCKET
    ipam = parsed(stdin).get("ipam")
    path = ipam.get("ipam_unix_socket_path") if isinstance(ipam, dict) else None
    return path.encode("utf-8", "replace") if isinstance(path, str) and path.startswith("/") else SOCKET


def parsed(stdin: bytes) -> dict[str, Any]:
    """The configuration as an object; an empty one when it is none."""
    import json  # noqa: PLC0415  costs more than all the rest, and is rarely needed

    try:
        value = json.loads(stdin)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def text_of(value: bytes) -> str:
    """Bytes of others as they may stand in a sentence."""
    return value.decode("ascii", "backslashreplace")
