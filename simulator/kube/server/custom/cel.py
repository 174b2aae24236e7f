"""CEL as the API server speaks it: the standard language, optional fields, strings, lists, sets, comprehensions of two
variables, and the functions of Kubernetes: addresses here, the others in ``cel_lists.py``, ``cel_urls.py``,
``cel_measures.py`` and ``cel_formats.py``.

Expressions are compiled once per text and kept with the definition that they belong to. Values are plain JSON; an
address or a network is a map with its canonical text, so two spellings of one address are equal. That a rule fits its
schema is checked beside (``rule_types.py``). Limits, against the real server: strings of format date-time stay strings,
what a rule costs when it is asked is not counted (what it can cost at most is: ``rule_budget.py``), durations and
timestamps have no sum and no minimum, and ``transformMap`` and ``net.IP`` cannot be had of the library.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from ipaddress import (
    IPV4LENGTH,
    IPV6LENGTH,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from simulator.kube.server.custom.cel_authorizer import AUTHORIZER
from simulator.kube.server.custom.cel_declaring import (
    OBJECT,
    TEXT,
    TRUTH,
    WHOLE,
    Overload,
    declared,
)
from simulator.kube.server.custom.cel_formats import NAMED_FORMATS
from simulator.kube.server.custom.cel_lists import LISTS, REGEX
from simulator.kube.server.custom.cel_measures import MEASURES
from simulator.kube.server.custom.cel_objects import POINTERS
from simulator.kube.server.custom.cel_text import in_own_words, readable
from simulator.kube.server.custom.cel_urls import URLS
from simulator.kube.server.custom.expression_tree import Expr, tree_of
from simulator.kube.server.field_errors import quoted

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Scope = Any  # an activation of the library

_IPV4_MAPPED = bytes(10) + b"\xff\xff"


class CelError(Exception):
    """An expression cannot be compiled."""


class Expression:
    """One compiled expression."""

    def __init__(self, compiled: Any) -> None:
        self._evaluate = compiled.eval

    def holds(self, scope: Scope) -> bool:
        """Whether it is true; an error is not."""
        try:
            return self._evaluate(scope).plain_value() is True
        except RuntimeError:  # the library can compile more than it can do
            return False

    def _outcome(self, scope: Scope) -> tuple[Any, str]:
        """The value, and what is wrong with it."""
        try:
            result = self._evaluate(scope)
            value = result.plain_value()
        except RuntimeError as error:
            return None, str(error)
        return (None, str(value)) if result.type() == cel.Type.ERROR else (value, "")

    def value(self, scope: Scope) -> Any:
        """What it is worth; text that begins with ``error:`` where it cannot be evaluated."""
        value, why = self._outcome(scope)
        return f"error: {why}" if why else value

    def error(self, scope: Scope) -> str:
        """Why it cannot be evaluated, in the server's words; empty where it can."""
        return evaluation_error(self._outcome(scope)[1])


_ERROR_WORDS = (
    (re.compile(r'Key not found in map : "(.*)"'), r"no such key: \1"),
    (re.compile(r"divide by zero"), "division by zero"),
    (re.compile(r"modulus by zero"), "modulus by zero"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (re.compile(r"No matching overloads found.*"), "'no such overload'"),
)
_CODE = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


def evaluation_error(text: str) -> str:
    """An error of the library in the words of the real server, as far as it has others."""
    bare = _CODE.sub("", text)
    for pattern, words in _ERROR_WORDS:
        if pattern.fullmatch(bare):
            return pattern.sub(words, bare)
    return bare


def with_optional_old_self(text: str) -> str:
    """A rule in which ``oldSelf`` is an optional value, over the variables ``OPTIONAL_VARIABLES``: ``earlier`` is a list
    with what was there before, or an empty one. (The library takes no optional values from outside.)
    """
    return f"cel.bind(oldSelf, earlier.size() > 0 ? optional.of(earlier[0]) : optional.none(), ({text}))"


RULE_VARIABLES = ("self", "oldSelf")
OPTIONAL_VARIABLES = ("self", "earlier")
ADMISSION_VARIABLES = ("request", "object", "oldObject", "authorizer")


def compile_expression(text: str, variables: tuple[str, ...] = RULE_VARIABLES) -> Expression:
    """Compile one expression over the named variables: those of CRD rules, or of admission.

    Raises:
        CelError: it does not parse, or calls what is not declared.
    """
    try:
        return Expression(_environment(variables).compile(readable(text)))
    except RuntimeError as error:
        raise CelError(in_own_words(_CODE.sub("", str(error)))) from error


def syntax_tree(text: str, variables: tuple[str, ...] = RULE_VARIABLES) -> Expr:
    """The tree of a rule, or of the expression of its message.

    Raises:
        CelError: it cannot be compiled.
    """
    try:
        return tree_of(_environment(variables).compile(readable(text)).serialize())
    except RuntimeError as error:
        raise CelError(in_own_words(_CODE.sub("", str(error)))) from error


def scope(values: Mapping[str, Any], variables: tuple[str, ...] = RULE_VARIABLES) -> Scope:
    """The values of the variables, for several expressions."""
    return _environment(variables).Activation(values)


_SCALARS = {"string": "STRING", "integer": "INT", "number": "DOUBLE", "boolean": "BOOL"}
_TIMES = {"date-time": "TIMESTAMP", "date": "TIMESTAMP", "duration": "DURATION", "byte": "BYTES"}


def type_of_schema(schema: Mapping[str, Any]) -> str:
    """The type that the compiler gives to values of a schema: ``STRING``, ``LIST<INT>``; ``DYN`` where it has none for
    them, as for objects with properties.
    """
    kind = schema.get("type") or ""
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"LIST<{type_of_schema(schema['items'])}>"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"MAP<{type_of_schema(schema['additionalProperties'])}>"
    if kind == "string":
        return _TIMES.get(schema.get("format") or "", "STRING")
    return _SCALARS.get(kind, "DYN")


def _named_type(name: str) -> Any:
    outer, _, inner = name.partition("<")
    if outer == "LIST":
        return cel.Type.List(_named_type(inner[:-1]))
    if outer == "MAP":
        return cel.Type.Map(cel.Type.STRING, _named_type(inner[:-1]))
    return getattr(cel.Type, name)


@cache
def _typed_environment(kind: str) -> Any:
    return make_environment({"self": _named_type(kind), "oldSelf": _named_type(kind)})


def result_type(text: str, kind: str, *, optional: bool = False) -> str:
    """The type of a rule's value: ``BOOL``, ``STRING``, ``DYN``.

    Args:
        text: the rule.
        kind: of ``type_of_schema``.
        optional: ``oldSelf`` is an optional value.

    Raises:
        CelError: it cannot be compiled; the compiler's words.
    """
    try:
        if optional:
            return str(_environment(OPTIONAL_VARIABLES).compile(with_optional_old_self(readable(text))).return_type())
        return str(_typed_environment(kind).compile(readable(text)).return_type())
    except RuntimeError as error:
        raise CelError(in_own_words(_CODE.sub("", str(error)))) from error


def expression_type(text: str, variables: tuple[str, ...]) -> str:
    """The type of an expression over the variables, as CEL names it: ``bool``, ``int``, ``dyn``.

    Raises:
        CelError: it cannot be compiled.
    """
    try:
        return str(_environment(variables).compile(readable(text)).return_type()).lower()
    except RuntimeError as error:
        raise CelError(in_own_words(_CODE.sub("", str(error)))) from error


@lru_cache(maxsize=1024)
def _address(text: str) -> Address:
    if "%" in text:
        raise ValueError(f"IP address {quoted(text)} with zone value is not allowed")
    try:
        address = ip_address(text)
    except ValueError:
        why = f"IP Address {quoted(text)} parse error during conversion from string: "
        raise ValueError(f"{why}{_address_fault(text)}") from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return address


def _address_fault(text: str) -> str:
    """What Go says of a text that is no address, as far as it is often said."""
    fields = text.split(".")
    why = "unable to parse IP"
    if len(fields) > 1 and ":" not in fields[0]:
        why = "IPv4 address too short" if len(fields) < 4 else "IPv4 address too long"
        if any(field.isdigit() and int(field) > 255 for field in fields):
            why = "IPv4 field has value >255"
    return f"ParseAddr({quoted(text)}): {why}"


_CIDR_WORDS = "network address parse error during conversion from string: "


def _split(text: str) -> tuple[str, int]:
    host, slash, length = text.rpartition("/")
    why = ""
    if not slash:
        why = "no '/'"
    elif not length.isascii() or not length.isdigit() or (len(length) > 1 and length[0] == "0"):
        why = f"bad bits after slash: {quoted(length)}"
    elif int(length) > (IPV6LENGTH if ":" in host else IPV4LENGTH):
        why = "prefix length out of range"
    if why:
        raise ValueError(f"{_CIDR_WORDS}{_CIDR_WORDS}netip.ParsePrefix({quoted(text)}): {why}")
    return host, int(length)


def _interface(text: str) -> tuple[Address, int]:
    host, length = _split(text)
    return _address(host), length


@lru_cache(maxsize=1024)
def _network(text: str) -> Network:
    address, length = _interface(text)
    return ip_network((address, length), strict=False)


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def parses(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return parses


def _canonical(text: str) -> str:
    """The same for every spelling of an address. Rules ask for little else, of ever new addresses, so the operating
    system's reader is asked, which is much faster than ``ipaddress``.
    """
    family = AF_INET6 if ":" in text else AF_INET
    try:
        packed = inet_pton(family, text)
    except OSError:
        _address(text)  # says what is wrong
        raise ValueError(f"{text!r} is not an address") from None
    if packed.startswith(_IPV4_MAPPED):
        raise ValueError(f"IPv4-mapped IPv6 address {quoted(text)} is not allowed")
    return inet_ntop(family, packed)


def _ip_value(text: str) -> dict[str, Any]:
    return {"ip": _canonical(text)}


def _cidr_value(text: str) -> dict[str, Any]:
    host, length = _split(text)
    try:
        return {"cidr": f"{_canonical(host)}/{length}"}
    except ValueError:
        why = f"{_CIDR_WORDS}{_CIDR_WORDS}netip.ParsePrefix({quoted(text)}): {_address_fault(host)}"
        raise ValueError(why) from None


def _contains_address(network: Mapping[str, str], address: str) -> bool:
    return _address(address) in _network(network["cidr"])


def _contains_network(outer: Mapping[str, str], inner: str) -> bool:
    one, other = _network(outer["cidr"]), _network(inner)
    return one.version == other.version and other.subnet_of(one)  # type: ignore[arg-type]


def _global_unicast(value: Mapping[str, str]) -> bool:
    address = _address(value["ip"])
    broadcast = str(address) == "255.255.255.255"
    local = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not (broadcast or local)


def _link_local_multicast(value: Mapping[str, str]) -> bool:
    return _address(value["ip"]) in ip_network("ff02::/16" if ":" in value["ip"] else "224.0.0.0/24")


@cache
def _environment(variables: tuple[str, ...]) -> Any:
    """The environment of some variables; it is immutable, and making it takes milliseconds."""
    return make_environment(dict.fromkeys(variables, cel.Type.DYN))


ADDRESSES: Sequence[Overload] = (
    ("isIP", TRUTH, [TEXT], _parses(_address)),
    ("isCIDR", TRUTH, [TEXT], _parses(_interface)),
    ("ip", OBJECT, [TEXT], _ip_value),
    (".ip", OBJECT, [OBJECT], lambda it: {"ip": it["cidr"].partition("/")[0]}),
    ("ip.isCanonical", TRUTH, [TEXT], lambda text: _address(text) is not None and _canonical(text) == text),
    ("cidr", OBJECT, [TEXT], _cidr_value),
    ("strinG", TEXT, [OBJECT], lambda it: it.get("ip") or it["cidr"]),
    (".family", WHOLE, [OBJECT], lambda it: _address(it["ip"]).version),
    (".isUnspecified", TRUTH, [OBJECT], lambda it: _address(it["ip"]).is_unspecified),
    (".isLoopback", TRUTH, [OBJECT], lambda it: _address(it["ip"]).is_loopback),
    (".isLinkLocalMulticast", TRUTH, [OBJECT], _link_local_multicast),
    (".isLinkLocalUnicast", TRUTH, [OBJECT], lambda it: _address(it["ip"]).is_link_local),
    (".isGlobalUnicast", TRUTH, [OBJECT], _global_unicast),
    (".prefixLength", WHOLE, [OBJECT], lambda it: _interface(it["cidr"])[1]),
    (".masked", OBJECT, [OBJECT], lambda it: {"cidr": str(_network(it["cidr"]))}),
    (".containsIP", TRUTH, [OBJECT, TEXT], _contains_address),
    (".containsIP", TRUTH, [OBJECT, OBJECT], lambda it, ip: _contains_address(it, ip["ip"])),
    (".containsCIDR", TRUTH, [OBJECT, TEXT], _contains_network),
    (".containsCIDR", TRUTH, [OBJECT, OBJECT], lambda it, other: _contains_network(it, other["cidr"])),
)
_EXTENSIONS = """\
name: kubernetes
extensions:
- name: sets
- name: lists
- name: two-var-comprehensions
"""


@cache
def _functions() -> list[Any]:
    """The functions of Kubernetes, for every environment."""
    return declared([*ADDRESSES, *LISTS, *REGEX, *URLS, *MEASURES, *NAMED_FORMATS, *AUTHORIZER, *POINTERS])


def make_environment(variables: Mapping[str, Any]) -> Any:
    """An environment with all functions, and variables of these types."""
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(_EXTENSIONS),
        variables=variables,
        functions=_functions(),
        extensions=[
            ext_strings.ExtStrings(2),
            ext_optional.ExtOptional(),
            *([ext_bindings.ExtBindings()] if "earlier" in variables else []),
        ],
    )
