"""Who a request comes from, as the API server knows people and programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.kube.api import ApiRequest

Json = dict[str, Any]
AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A user, by what somebody has verified."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] | None = None

    def json(self) -> Json:
        """As reviews show it."""
        shown: Json = {"username": self.user}
        if self.uid:
            shown["uid"] = self.uid
        if self.groups:
            shown["groups"] = list(self.groups)
        if self.extra:
            shown["extra"] = {name: list(values) for name, values in self.extra.items()}
        return shown


def sender_of(request: ApiRequest) -> Identity:
    """Who sends a request."""
    return Identity(user=request.user, groups=request.groups, uid=request.user_uid, extra=request.user_extra)


def nobody(token: str) -> Identity | None:
    """The tokens of a server that knows none."""
    return None
