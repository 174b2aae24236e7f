r"""The request in which the plugin forwards a call: how the agent reads it, from a socket or from a tombstone.

The plugin sends one HTTP/1.1 request: the verb in the path, every CNI_* variable as a header, stdin as the body, and
two instants of the boot clock. When no agent answers a DEL, the same bytes become a file (a tombstone), which the agent
reads later with ``parse_request``. On the socket its HTTP server has already split headers from body and calls
``understand`` alone.

    POST /v1/cni/del HTTP/1.1
    X-CNI-CONTAINERID: 4f1c...
    X-Spiderpool-Since-Ns: 81273645000
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

PATH_PREFIX = "/v1/cni/"
EXIT_HEADER = "x-spiderpool-exit"
_VARIABLE_PREFIX = "x-cni-"
_REQUEST_LINE = re.compile(r"POST (/v1/cni/[a-z]+) HTTP/1\.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """One call as the plugin forwarded it.

    Attributes:
        verb: ADD, DEL, CHECK, GC or STATUS, as the path says.
        variables: The CNI_* variables by their full names.
        since_ns: Boot clock at which the plugin process started: the order of ADDs and DELs on one node.
        deadline_ns: Boot clock at which the plugin stops waiting.
        stdin: What the runtime put on the plugin's stdin.
    """

    verb: str
    variables: Mapping[str, str]
    since_ns: int
    deadline_ns: int
    stdin: bytes


def understand(path: str, headers: Mapping[str, str], body: bytes) -> Forwarded:
    """A call from the parts of its request.

    Args:
        path: Path of the request.
        headers: Headers with lower-case names.
        body: The request's body.

    Raises:
        ValueError: no request of our plugin; the sentence says which part is wrong.
    """
    verb = path.removeprefix(PATH_PREFIX).upper()
    if not path.startswith(PATH_PREFIX) or not verb.isalpha():
        raise ValueError(f"path {path!r} is none of {PATH_PREFIX}<verb>")
    variables = {variable: value for name, value in headers.items() if (variable := _variable(name))}
    if variables.get("CNI_COMMAND", verb) != verb:
        raise ValueError(f"path {path!r} and CNI_COMMAND {variables['CNI_COMMAND']!r} disagree")
    return Forwarded(
        verb=verb,
        variables=variables,
        since_ns=_instant(headers, "x-spiderpool-since-ns"),
        deadline_ns=_instant(headers, "x-spiderpool-deadline-ns"),
        stdin=body,
    )


def parse_request(data: bytes) -> Forwarded:
    """A call from the bytes of its request, as a tombstone keeps them.

    Raises:
        ValueError: the bytes are not one whole request of our plugin.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    matched = _REQUEST_LINE.fullmatch(request_line)
    if not end or matched is None:
        raise ValueError("the bytes begin with no request of the plugin")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"header line {line!r} has no colon")
        headers[name.lower()] = value.strip(" \t")
    if headers.get("content-length") != str(len(body)):
        raise ValueError(f"the body has {len(body)} bytes, content-length says {headers.get('content-length')!r}")
    return understand(matched[1], headers, body)


@lru_cache(maxsize=256)  # every call has the same headers
def _variable(name: str) -> str:
    """The variable that a header carries; empty for other headers."""
    if not name.startswith(_VARIABLE_PREFIX):
        return ""
    return "CNI_" + name[len(_VARIABLE_PREFIX) :].upper().replace("-", "_")


def _instant(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"header {name} is {text!r}, expected nanoseconds of the boot clock")
    return int(text)
