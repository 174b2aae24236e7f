"""The string formats that schemas of custom resources know; a format that is not here is not checked.

Each reads what the real server's readers take, and nothing more: a date-time may have any number of digits after the
point, an email address may carry a name, a duration may be of Go (``1h30m``) or in words (``22 seconds``).
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import date
from email.utils import parseaddr
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Predicate = Callable[[str], bool]

_TIME_OF_DAY = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))")
_HOST = re.compile(
    r"([^\W_]((-?[^\W_]{0,62})?)|([^\W_](([^\W_]|-){0,61}[^\W_])?(\.)){1,}([^\W\d_]){2,63})",
)
_MAC = re.compile(r"([0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\2){4}(?:[0-9a-fA-F]{2}\2[0-9a-fA-F]{2}\2)?[0-9a-fA-F]{2}")
_MAC_OF_DOTS = re.compile(r"[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2}(\.[0-9a-fA-F]{4})?")
_GO_DURATION = re.compile(r"[-+]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
_WORDY_DURATION = re.compile(r"(\d+)\s*([A-Za-zµ]+)")
_UNITS = ("ns", "nano", "us", "µs", "micro", "ms", "milli", "s", "sec", "m", "min", "h", "hr", "hour", "d", "day", "w")
_MORE_UNITS = ("wk", "week")
_URI = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*:.+|/.*)")


def _like(pattern: str) -> Predicate:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_date_time(text: str) -> bool:
    day, separator, time = text.lower().partition("t")
    found = _TIME_OF_DAY.fullmatch(time)
    if not separator or not _is_date(day) or found is None:
        return False
    return found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


def _is_duration(text: str) -> bool:
    if _GO_DURATION.fullmatch(text):
        return True
    found = _WORDY_DURATION.search(text)
    if found is None:
        return False
    unit = found[2].lower()
    return any(unit in (known, f"{known}s") or unit.startswith(known) for known in (*_UNITS, *_MORE_UNITS))


def _is_address(kind: type) -> Predicate:
    def known(text: str) -> bool:
        try:
            return isinstance(ip_address(text), kind) and "%" not in text
        except ValueError:
            return False

    return known


def _is_network(text: str) -> bool:
    host, slash, length = text.partition("/")
    try:
        return bool(slash) and length.isdigit() and ip_network(f"{host}/{length}", strict=False) is not None
    except ValueError:
        return False


def _is_base64(text: str) -> bool:
    try:
        return bool(text) and b64decode(text, validate=True) is not None
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    address = parseaddr(text)[1]
    local, at, domain = address.rpartition("@")
    return bool(at) and bool(local) and bool(domain) and " " not in address and address in text


def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None and len(text) <= 255 and all(len(part) <= 63 for part in text.split("."))


def _is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None and not any(letter <= " " or letter == "\x7f" for letter in text)


def _is_mac(text: str) -> bool:
    return _MAC.fullmatch(text) is not None or _MAC_OF_DOTS.fullmatch(text) is not None


def _is_isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"[0-9]{9}(X|[0-9])", digits) is None:
        return False
    worth = [10 if digit == "X" else int(digit) for digit in digits]
    return sum((position + 1) * digit for position, digit in enumerate(worth)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        return False
    return sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits)) % 10 == 0


_HEX = "[0-9a-f]"
_BYTE = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*"
FORMATS: Mapping[str, Predicate] = {
    "bsonobjectid": _like("[0-9a-fA-F]{24}"),
    "uri": _is_uri,
    "email": _is_email,
    "hostname": _is_host,
    "ipv4": _is_address(IPv4Address),
    "ipv6": _is_address(IPv6Address),
    "cidr": _is_network,
    "mac": _is_mac,
    "uuid": _like(rf"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}"),
    "uuid3": _like(rf"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?3{_HEX}{{3}}-?{_HEX}{{4}}-?{_HEX}{{12}}"),
    "uuid4": _like(rf"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?4{_HEX}{{3}}-?[89ab]{_HEX}{{3}}-?{_HEX}{{12}}"),
    "uuid5": _like(rf"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?5{_HEX}{{3}}-?[89ab]{_HEX}{{3}}-?{_HEX}{{12}}"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "ssn": _like(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _like("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _like(rf"rgb\({_BYTE},{_BYTE},{_BYTE}\)"),
    "byte": _is_base64,
    "password": lambda _: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_date_time,
    "k8sshortname": lambda text: len(text) <= 63 and _like("[a-z0-9]([-a-z0-9]*[a-z0-9])?")(text),
    "k8slongname": lambda text: (
        len(text) <= 253 and _like(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")(text)
    ),
}


@cache
def format_of(name: str) -> Predicate | None:
    """The format that a schema names, hyphens aside; ``None`` if nobody knows it."""
    return FORMATS.get(name.replace("-", ""))
