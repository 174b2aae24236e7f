"""The token by which a client asks for the next page: which snapshot it is of, and after which object it goes on.

A token is as opaque to clients as the real server's, and built like it, so that what is done to one (cut off, made up,
kept too long) is answered in the same words. Revision -1 means: whatever the current state is, inconsistent with the
pages before.
"""

import json
from base64 import b64encode, urlsafe_b64decode
from binascii import Error as BadBase64
from typing import Any

from simulator.kube.server.refusals import Refusal, bad_request

Key = tuple[str, str]

VERSION = "meta.k8s.io/v1"
INCONSISTENT = -1
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def write_token(revision: int, key: Key, *, namespace: str, namespaced: bool) -> str:
    """The token that goes on after ``key``.

    Args:
        revision: of the snapshot.
        key: namespace and name of the last object that was given out.
        namespace: the namespace that is listed; empty for all.
        namespaced: whether objects of this kind have namespaces.
    """
    place = key[1] if not namespaced else f"/{key[1]}" if namespace else f"{key[0]}/{key[1]}"
    token = {"v": VERSION, "rv": revision, "start": f"{place}\0"}
    text = b64encode(json.dumps(token, separators=(",", ":")).encode()).decode()
    return text.translate(_URL_SAFE).rstrip("=")


_URL_SAFE = str.maketrans("+/", "-_")


def read_token(token: str, *, namespace: str, namespaced: bool) -> tuple[int, Key]:
    """Revision and key of a token.

    Raises:
        Refusal: 400, it is no token.
    """
    value = _decoded(token)
    if value.get("v") != VERSION:
        raise _invalid(f"server does not recognize this encoded version {value.get('v', '')}")
    revision, start = value.get("rv", 0), value.get("start", "")
    if revision == 0:
        raise _invalid(f"incorrect encoded start resourceVersion (version {VERSION})")
    if not start:
        raise _invalid(f"encoded start key empty (version {VERSION})")
    if ".." in start.split("/"):
        raise _invalid(start)
    name = start.removesuffix("\0")
    if not namespaced:
        return revision, ("", name.removeprefix("/"))
    if namespace:
        return revision, (namespace, name.removeprefix("/"))
    place, _, name = name.removeprefix("/").partition("/")
    return revision, (place, name)


def _decoded(token: str) -> dict[str, Any]:
    for at, letter in enumerate(token):
        if letter not in _BASE64:
            raise _invalid(f"illegal base64 data at input byte {at}")
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except BadBase64 as error:
        raise _invalid(f"illegal base64 data at input byte {len(token) - len(token) % 4}") from error
    try:
        value = json.loads(data)
    except ValueError as error:
        raise _invalid("unexpected end of JSON input") from error
    if not isinstance(value, dict):
        what = "array" if isinstance(value, list) else type(value).__name__
        raise _invalid(f"json: cannot unmarshal {what} into Go value of type storage.continueToken")
    return value


def _invalid(why: str) -> Refusal:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
