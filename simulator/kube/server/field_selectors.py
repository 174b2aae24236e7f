"""Field selectors as text, ``spec.nodeName=n1,status.phase!=Failed``, and which fields a kind can be selected by.

Every kind offers its name and namespace, a few offer more, and a definition of custom resources can offer its own. A
field that a kind does not offer is refused, in one of the three sentences that the real server has for it.
"""

from collections.abc import Iterator

from simulator.kube.server.label_selectors import Requirement
from simulator.kube.server.refusals import Refusal, bad_request
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import Pin

_ESCAPABLE = "\\,="
_ALIASES = {("", "pods"): {"spec.host": "spec.nodeName"}}


def field_requirements(text: str, resource: Resource) -> Iterator[Requirement]:
    """What a field selector requires.

    Raises:
        Refusal: 400, it cannot be read, or names a field that the kind does not offer.
    """
    for term in _terms(text):
        if term:
            yield from _requirement(term, text, resource)


def _terms(text: str) -> list[str]:
    """Split at commas that are not escaped."""
    terms, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ",":
            terms.append(text[start:at])
            start = at + 1
        at += 1
    return [*terms, text[start:]]


def _requirement(term: str, text: str, resource: Resource) -> Iterator[Requirement]:
    key, operator, value = _split(term)
    if not operator:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
    value = _unescaped(value)
    if not key and not value:
        return
    key = _ALIASES.get(resource.table_id, {}).get(key, key)
    extract = resource.fields.get(key)
    if extract is None:
        raise _not_offered(key, resource)
    if operator == "!=":
        yield (lambda item: extract(item) != value), None
    else:
        yield (lambda item: extract(item) == value), Pin(kind="field", key=key, value=value, extract=extract)


def _split(term: str) -> tuple[str, str, str]:
    for at in range(len(term)):
        for operator in ("!=", "==", "="):
            if term.startswith(operator, at):
                return term[:at], operator, term[at + len(operator) :]
    return term, "", ""


def _unescaped(value: str) -> str:
    found, at = "", 0
    while at < len(value):
        letter = value[at]
        if letter == "\\":
            at += 1
            if value[at : at + 1] not in (*_ESCAPABLE,):
                raise bad_request(f"invalid field selector: invalid escape sequence: \\{value[at : at + 1]}")
            letter = value[at]
        elif letter in ",=":
            raise bad_request(f"invalid field selector: unescaped character in value: {ord(letter)}")
        found += letter
        at += 1
    return found


def _not_offered(key: str, resource: Resource) -> Refusal:
    if resource.table_id == ("batch", "jobs"):
        return bad_request(f'field label "{key}" not supported for Job')
    if resource.plural == "resourceslices":
        kind = f"{resource.api_version}, Kind={resource.kind}"
        return bad_request(f"field label not supported for {kind}: {key}")
    if resource.fields is METADATA_FIELDS:
        return bad_request(f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"')
    return bad_request(f"field label not supported: {key}")
