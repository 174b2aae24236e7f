"""CEL as the API server speaks it: the standard language, optional fields, strings, and the IP and CIDR functions.

Expressions are compiled once per text and kept with the definition that they belong to. Values are plain JSON; an
address or a network is a map with its canonical text, so two spellings of one address are equal. Limits, against the
real server: values are not typed by the schema (an undeclared field shows at evaluation and not when the definition
is written), strings of format date-time stay strings, and there are no cost budgets.
"""

import re
from collections.abc import Callable, Mapping
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
from cel_expr_python.ext import ext_bindings, ext_math, ext_optional, ext_strings

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
        return self._evaluate(scope).plain_value() is True

    def value(self, scope: Scope) -> Any:
        """What it is worth; text that begins with ``error:`` where it cannot be evaluated."""
        result = self._evaluate(scope)
        return f"error: {result.plain_value()}" if result.type() == cel.Type.ERROR else result.plain_value()

    def error(self, scope: Scope) -> str:
        """Why it cannot be evaluated, in the server's words; empty where it can."""
        result = self._evaluate(scope)
        return evaluation_error(str(result.plain_value())) if result.type() == cel.Type.ERROR else ""


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
ADMISSION_VARIABLES = ("request", "object", "oldObject")


def compile_expression(text: str, variables: tuple[str, ...] = RULE_VARIABLES) -> Expression:
    """Compile one expression over the named variables: those of CRD rules, or of admission.

    Raises:
        CelError: it does not parse, or calls what is not declared.
    """
    try:
        return Expression(_environment(variables).compile(text))
    except RuntimeError as error:
        raise CelError(_CODE.sub("", str(error))) from error


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
    return _make_environment({"self": _named_type(kind), "oldSelf": _named_type(kind)})


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
            return str(_environment(OPTIONAL_VARIABLES).compile(with_optional_old_self(text)).return_type())
        return str(_typed_environment(kind).compile(text).return_type())
    except RuntimeError as error:
        raise CelError(_CODE.sub("", str(error))) from error


def expression_type(text: str, variables: tuple[str, ...]) -> str:
    """The type of an expression over the variables, as CEL names it: ``bool``, ``int``, ``dyn``.

    Raises:
        CelError: it cannot be compiled.
    """
    try:
        return str(_environment(variables).compile(text).return_type()).lower()
    except RuntimeError as error:
        raise CelError(_CODE.sub("", str(error))) from error


@lru_cache(maxsize=1024)
def _address(text: str) -> Address:
    if "%" in text:
        raise ValueError(f"{text!r} has a zone")
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f"{text!r} is an IPv4-mapped IPv6 address")
    return address


def _split(text: str) -> tuple[str, int]:
    host, slash, length = text.partition("/")
    if not slash or not length.isascii() or not length.isdigit() or (len(length) > 1 and length[0] == "0"):
        raise ValueError(f"{text!r} is not a CIDR")
    if int(length) > (IPV6LENGTH if ":" in host else IPV4LENGTH):
        raise ValueError(f"{text!r} has too long a prefix")
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
        raise ValueError(f"{text!r} is not an address") from None
    if packed.startswith(_IPV4_MAPPED):
        raise ValueError(f"{text!r} is an IPv4-mapped IPv6 address")
    return inet_ntop(family, packed)


def _ip_value(text: str) -> dict[str, Any]:
    return {"ip": _canonical(text)}


def _cidr_value(text: str) -> dict[str, Any]:
    host, length = _split(text)
    return {"cidr": f"{_canonical(host)}/{length}"}


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
    return _make_environment(dict.fromkeys(variables, cel.Type.DYN))


def _make_environment(variables: Mapping[str, Any]) -> Any:
    kinds = cel.Type
    text, boolean, number = kinds.STRING, kinds.BOOL, kinds.INT
    value = kinds.Map(text, kinds.DYN)
    texts = kinds.List(text)
    declared: list[Any] = []

    def declare(name: str, *overloads: tuple[str, Any, list[Any], bool, Callable[..., Any]]) -> None:
        declared.append(
            cel.FunctionDecl(
                name,
                [
                    cel.Overload(key, result, parameters, is_member=member, impl=function)
                    for key, result, parameters, member, function in overloads
                ],
            )
        )

    declare("isIP", ("is_ip", boolean, [text], False, _parses(_address)))
    declare("isCIDR", ("is_cidr", boolean, [text], False, _parses(_interface)))
    declare(
        "ip",
        ("ip_text", value, [text], False, _ip_value),
        ("ip_of_cidr", value, [value], True, lambda it: {"ip": it["cidr"].partition("/")[0]}),
    )
    declare("cidr", ("cidr_text", value, [text], False, _cidr_value))
    declare("family", ("ip_family", number, [value], True, lambda it: _address(it["ip"]).version))
    declare("isUnspecified", ("ip_unspecified", boolean, [value], True, lambda it: _address(it["ip"]).is_unspecified))
    declare("isLoopback", ("ip_loopback", boolean, [value], True, lambda it: _address(it["ip"]).is_loopback))
    declare("isLinkLocalMulticast", ("ip_link_local_multicast", boolean, [value], True, _link_local_multicast))
    declare(
        "isLinkLocalUnicast", ("ip_link_local", boolean, [value], True, lambda it: _address(it["ip"]).is_link_local)
    )
    declare("isGlobalUnicast", ("ip_global", boolean, [value], True, _global_unicast))
    declare("prefixLength", ("cidr_length", number, [value], True, lambda it: _interface(it["cidr"])[1]))
    declare("masked", ("cidr_masked", value, [value], True, lambda it: {"cidr": str(_network(it["cidr"]))}))
    declare(
        "containsIP",
        ("cidr_ip_text", boolean, [value, text], True, _contains_address),
        ("cidr_ip", boolean, [value, value], True, lambda it, ip: _contains_address(it, ip["ip"])),
    )
    declare(
        "containsCIDR",
        ("cidr_cidr_text", boolean, [value, text], True, _contains_network),
        ("cidr_cidr", boolean, [value, value], True, lambda it, other: _contains_network(it, other["cidr"])),
    )
    declare("isSorted", ("texts_sorted", boolean, [texts], True, lambda it: list(it) == sorted(it)))
    return cel.NewEnv(
        variables=variables,
        functions=declared,
        extensions=[
            ext_strings.ExtStrings(),
            ext_math.ExtMath(),
            ext_optional.ExtOptional(),
            *([ext_bindings.ExtBindings()] if "earlier" in variables else []),
        ],
    )
