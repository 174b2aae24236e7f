"""URLs in the rule language: absolute ones and absolute paths, as a request line of HTTP has them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from simulator.kube.server.custom.cel_declaring import OBJECT, TEXT, TRUTH, Overload
from simulator.kube.server.field_errors import quoted

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_PLAIN = "/%:@!$&'()*+,;=~-._"
_PORT = re.compile(r":\d*")


def _parts(text: str) -> Mapping[str, str]:
    """A URL in its parts.

    Raises:
        ValueError: it is none.
    """
    why = f"URL parse error during conversion from string: parse {quoted(text)}: "
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise ValueError(why + "net/url: invalid control character in URL")
    if not text:
        raise ValueError(why + "empty url")
    found = _SCHEME.match(text)
    scheme, rest = (found[1].lower(), text[found.end() :]) if found else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if not scheme:
            raise ValueError(why + "invalid URI for request")
        return {"scheme": scheme, "host": "", "path": "", "query": query}
    host, path = "", rest
    if rest.startswith("//") and scheme:
        authority, slash, below = rest[2:].partition("/")
        host, path = authority.rpartition("@")[2], slash + below
        _check_host(host, why)
    return {"scheme": scheme, "host": host, "path": path, "query": query}


def _check_host(host: str, why: str) -> None:
    if " " in host:
        raise ValueError(f'{why}invalid character " " in host name')
    end = host.rfind("]") + 1
    if host.startswith("[") and not end:
        raise ValueError(f"{why}missing ']' in host")
    port = host[end:] if end else host[host.rfind(":") :] if ":" in host else ""
    if port and _PORT.fullmatch(port) is None:
        raise ValueError(f"{why}invalid port {quoted(port)} after host")


def _is_url(text: str) -> bool:
    try:
        return bool(_parts(text))
    except ValueError:
        return False


def _hostname(host: str) -> str:
    return host[1 : host.rfind("]")] if host.startswith("[") else host.partition(":")[0]


def _port(host: str) -> str:
    return host[host.rfind("]") + 1 :].rpartition(":")[2] if ":" in host[host.rfind("]") + 1 :] else ""


def _query(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair and ";" not in pair:
            found.setdefault(unquote(name.replace("+", " ")), []).append(unquote(value.replace("+", " ")))
    return found


def _part(url: Mapping[str, Any], name: str) -> str:
    return str(_parts(url["url"])[name])


URLS: Sequence[Overload] = (
    ("isURL", TRUTH, [TEXT], _is_url),
    ("url", OBJECT, [TEXT], lambda text: {"url": text} if _parts(text) else {}),
    (".getScheme", TEXT, [OBJECT], lambda url: _part(url, "scheme")),
    (".getHost", TEXT, [OBJECT], lambda url: _part(url, "host")),
    (".getHostname", TEXT, [OBJECT], lambda url: _hostname(_part(url, "host"))),
    (".getPort", TEXT, [OBJECT], lambda url: _port(_part(url, "host"))),
    (".getEscapedPath", TEXT, [OBJECT], lambda url: quote(_part(url, "path"), safe=_PLAIN)),
    (".getQuery", OBJECT, [OBJECT], lambda url: _query(_part(url, "query"))),
)
