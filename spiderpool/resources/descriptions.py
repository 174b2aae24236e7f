"""What ``kubectl explain`` tells about a field is what the model's docstring says: one source for both readers.

A model's docstring opens with a paragraph about the object; its ``Attributes:`` section has one entry for each field.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

import msgspec

_ENTRY = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The first paragraph about a model, and a sentence for each field by its name in the API."""

    summary: str
    fields: dict[str, str]


def descriptions_of(model: type[Any]) -> dict[str, Descriptions]:
    """The descriptions of a model and of every model inside it, by class name."""
    return {found.__name__: _read(found) for found in _models(msgspec.inspect.type_info(model))}


def _models(info: object) -> Iterator[type[Any]]:
    match info:
        case msgspec.inspect.StructType():
            yield info.cls
            for field in info.fields:
                yield from _models(field.type)
        case msgspec.inspect.UnionType():
            for choice in info.types:
                yield from _models(choice)
        case msgspec.inspect.VarTupleType():
            yield from _models(info.item_type)


def _read(model: type[Any]) -> Descriptions:
    text = getdoc(model) or ""
    summary = _plain(text.partition("\n\n")[0])
    sentences = {name: _plain(sentence) for name, sentence in _ENTRY.findall(text.partition("Attributes:\n")[2])}
    by_api_name = {field.encode_name: field.name for field in msgspec.structs.fields(model)}
    return Descriptions(summary, {api: sentences[name] for api, name in by_api_name.items() if name in sentences})


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "").split())
