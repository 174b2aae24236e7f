"""The formats that a rule can ask for by name: ``format.dns1123Label().validate(self)``.

The library takes no optional values from a function. So what gives one in Kubernetes gives a map here, which is empty
or has the member ``v``; a text is rewritten (``cel_text.py``) so that this member is looked up, optionally.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.kube.server.custom.cel_declaring import OBJECT, TEXT, Overload
from simulator.kube.server.custom.formats import format_of
from simulator.kube.server.name_rules import dns_label, label_value, qualified_name, subdomain

Faults = Sequence[str]

_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is"
    " '[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def _dns_1035_label(text: str) -> Faults:
    long = ("must be no more than 63 characters",) if len(text) > 63 else ()
    return long if _DNS_1035.fullmatch(text) else (*long, _DNS_1035_WORDS)


def _prefix(check: Callable[[str], Faults]) -> Callable[[str], Faults]:
    """Of what will be the beginning of a name: a hyphen at its end is none at the end of the name."""
    return lambda text: check(f"{text[:-1]}a" if len(text) > 1 and text.endswith("-") else text)


def _format(name: str, words: str) -> Callable[[str], Faults]:
    def check(text: str) -> Faults:
        known = format_of(name)
        return () if known is None or known(text) else (words,)

    return check


_FORMATS: Mapping[str, Callable[[str], Faults]] = {
    "dns1123Label": dns_label,
    "dns1123Subdomain": subdomain,
    "dns1035Label": _dns_1035_label,
    "qualifiedName": qualified_name,
    "dns1123LabelPrefix": _prefix(dns_label),
    "dns1123SubdomainPrefix": _prefix(subdomain),
    "dns1035LabelPrefix": _prefix(_dns_1035_label),
    "labelValue": label_value,
    "uri": _format("uri", "invalid URI for request"),
    "uuid": _format("uuid", "does not match the UUID format"),
    "byte": _format("byte", "invalid base64"),
    "date": _format("date", "invalid date"),
    "datetime": _format("datetime", "invalid datetime"),
}


def _validated(form: Mapping[str, str], text: str) -> dict[str, Any]:
    faults = list(_FORMATS[form["format"]](text))
    return {"v": faults} if faults else {}


def _named(name: str) -> dict[str, Any]:
    return {"v": {"format": name}} if name in _FORMATS else {}


def _giving(name: str) -> Overload:
    return f"format.{name}", OBJECT, [], lambda: {"format": name}


NAMED_FORMATS: Sequence[Overload] = (
    *(_giving(name) for name in _FORMATS),
    ("format.named", OBJECT, [TEXT], _named),
    (".validate", OBJECT, [OBJECT, TEXT], _validated),
)
