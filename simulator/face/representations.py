"""In which form an answer leaves: JSON, JSON for people, or YAML, as the ``Accept`` header asks."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from simulator.face.bodies import JSON, OFFERED, YAML
from simulator.kube.refusals import Refusal

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_FOR_PEOPLE = ("curl", "Wget", "Mozilla")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is written."""

    media_type: str = JSON
    pretty: bool = False

    def write(self, body: Any) -> bytes:
        """The bytes of a body."""
        if self.media_type == YAML:
            text: str = yaml.dump(msgspec.to_builtins(body), Dumper=_DUMPER, allow_unicode=True, width=10_000)
            return text.encode()
        data = msgspec.json.encode(body)
        return msgspec.json.format(data, indent=2) if self.pretty else data + b"\n"


PLAIN = Form()


def form_of(accept: str, query: Mapping[str, str], user_agent: str) -> Form:
    """The form that a client wants.

    Raises:
        Refusal: 406, it wants none that this server has.
    """
    pretty = query.get("pretty", "").lower() not in ("", "0", "false")
    pretty = pretty or ("pretty" not in query and user_agent.startswith(_FOR_PEOPLE))
    if not accept or accept == JSON:
        return Form(pretty=True) if pretty else PLAIN
    for wanted in _by_quality(accept):
        if wanted in (JSON, "*/*"):
            return Form(pretty=True) if pretty else PLAIN
        if wanted == YAML:
            return Form(media_type=YAML)
    raise not_acceptable()


def not_acceptable() -> Refusal:
    """406: the client wants a form that is not offered."""
    message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(OFFERED)}"
    refusal = Refusal(406, "NotAcceptable", message)
    refusal.status["details"] = {}
    return refusal


def _by_quality(accept: str) -> list[str]:
    """The media types of an ``Accept`` header, the most wanted first."""
    found: list[tuple[float, str]] = []
    for part in accept.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        found.append((-quality, kind))
    return [kind for _, kind in sorted(found, key=lambda entry: entry[0])]
