"""Which names, label keys and label values the server takes, and in which words it refuses others.

Each rule is a function from a text to its faults: none, if it is good. Most texts are good and come again and again, so
what has been found good once is remembered.
"""

import re
from collections.abc import Callable
from functools import lru_cache

Faults = tuple[str, ...]
Rule = Callable[[str], Faults]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_KEY_PATTERN = "[-._a-zA-Z0-9]+"
_PORT_LETTERS = re.compile("[a-z]")
_PORT = re.compile("[-a-z0-9]+")

_MATCHERS = {pattern: re.compile(pattern) for pattern in (_LABEL, _SUBDOMAIN, _VALUE, _NAME_PART, _KEY_PATTERN)}
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    f" end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    f" an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    " with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    f" '{_VALUE}')"
)
_KEY_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    f" (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME_PART}')"
)
_PREFIX_WORDS = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
_DATA_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or"
    f" 'key-name', regex used for validation is '{_KEY_PATTERN}')"
)


def _fits(pattern: str, text: str) -> bool:
    return _MATCHERS[pattern].fullmatch(text) is not None


@lru_cache(maxsize=8192)
def subdomain(name: str) -> Faults:
    """The name of most objects."""
    long = ("must be no more than 253 characters",) if len(name) > 253 else ()
    return long if _fits(_SUBDOMAIN, name) else (*long, _SUBDOMAIN_WORDS)


@lru_cache(maxsize=4096)
def dns_label(name: str) -> Faults:
    """One label of a DNS name: a container, a volume, a service."""
    long = ("must be no more than 63 characters",) if len(name) > 63 else ()
    return long if _fits(_LABEL, name) else (*long, _LABEL_WORDS)


def namespace_name(name: str) -> Faults:
    """A namespace: a label of a DNS name, with a word of its own for dots."""
    if "." in name and _fits(_SUBDOMAIN, name):
        return ("must not contain dots",)
    return dns_label(name)


def path_segment(name: str) -> Faults:
    """The name of a role: anything that can stand between two slashes."""
    if name in (".", ".."):
        return (f"may not be '{name}'",)
    return tuple(f"may not contain '{letter}'" for letter in "/%" if letter in name)


@lru_cache(maxsize=8192)
def qualified_name(key: str) -> Faults:
    """The key of a label: a name of up to 63 characters, and a DNS subdomain before it if there is a slash."""
    parts = key.split("/")
    if len(parts) > 2:
        return (f"a valid label key {_KEY_WORDS}{_PREFIX_WORDS}",)
    faults: list[str] = []
    name = parts[-1]
    if len(parts) == 2:
        if not parts[0]:
            faults.append("prefix part must be non-empty")
        else:
            faults += [f"prefix part {fault}" for fault in subdomain(parts[0])]
    if not name:
        faults.append("name part must be non-empty")
    elif len(name) > 63:
        faults.append("name part must be no more than 63 bytes")
    if not _fits(_NAME_PART, name):
        faults.append(f"name part {_KEY_WORDS}")
    return tuple(faults)


@lru_cache(maxsize=8192)
def label_value(value: str) -> Faults:
    """The value of a label."""
    long = ("must be no more than 63 bytes",) if len(value) > 63 else ()
    return long if _fits(_VALUE, value) else (*long, _VALUE_WORDS)


def data_key(key: str) -> Faults:
    """A key of a ConfigMap or Secret, which becomes the name of a file."""
    faults = ["must be no more than 253 characters"] if len(key) > 253 else []
    if not _fits(_KEY_PATTERN, key):
        faults.append(_DATA_KEY_WORDS)
    if key in (".", ".."):
        faults.append(f"must not be '{key}'")
    elif key.startswith(".."):
        faults.append("must not start with '..'")
    return tuple(faults)


def port_name(name: str) -> Faults:
    """The name of a port."""
    faults = ["must be no more than 15 characters"] if len(name) > 15 else []
    if _PORT.fullmatch(name) is None:
        faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if _PORT_LETTERS.search(name) is None:
        faults.append("must contain at least one letter (a-z)")
    if "--" in name:
        faults.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        faults.append("must not begin or end with a hyphen")
    return tuple(faults)


_NAME_RULES: dict[str, Rule] = {
    "Namespace": namespace_name,
    "Service": dns_label,
    "Role": path_segment,
    "RoleBinding": path_segment,
    "ClusterRole": path_segment,
    "ClusterRoleBinding": path_segment,
}


def rule_for(kind: str) -> Rule:
    """What the name of an object of a built-in or custom kind must be."""
    return _NAME_RULES.get(kind, subdomain)
