"""The ledger as the store has it: who claims what, by raw objects."""

from dataclasses import dataclass, field
from typing import Any

import msgspec


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The attachment that a claim names."""

    pod_uid: str
    pod: str
    node: str
    container_id: str
    interface: str
    netns: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim; ``address`` is CIDR text, ``holder`` absent while it cools."""

    name: str
    address: str
    state: str
    identity: str
    pool: str
    holder: Holder | None


def claim_of(item: dict[str, Any]) -> Claim:
    """A claim from its object."""
    spec = item["spec"]
    owner = spec.get("owner")
    return Claim(
        name=item["metadata"]["name"],
        address=spec["address"],
        state=spec.get("state", ""),
        identity=spec.get("identity", ""),
        pool=spec["pool"]["name"],
        holder=Holder(
            pod_uid=owner["uid"],
            pod=f"{owner['namespace']}/{owner['name']}",
            node=owner["node"],
            container_id=owner["containerID"],
            interface=owner["interface"],
            netns=owner["netns"]["path"],
        )
        if owner
        else None,
    )


@dataclass(slots=True)
class Ledger:
    """All claims by address text, kept by the changes of the store."""

    claims: dict[str, Claim] = field(default_factory=dict)
    _held: dict[tuple[str, str], dict[str, Claim]] = field(default_factory=dict)  # by container and interface

    def change(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> tuple[Claim | None, Claim | None]:
        """Take in one change of the store; gives the claim before and after."""
        before = claim_of(old) if old else None
        after = claim_of(new) if new else None
        if before:
            self.claims.pop(before.address, None)
            if before.holder is not None:
                self._held.get(_place(before.holder), {}).pop(before.address, None)
        if after:
            self.claims[after.address] = after
            if after.holder is not None and after.state == "Claimed":
                self._held.setdefault(_place(after.holder), {})[after.address] = after
        return before, after

    def held_by(self, container_id: str, interface: str) -> list[Claim]:
        """The claims of an attachment, in the order in which it got them."""
        return list(self._held.get((container_id, interface), {}).values())


def _place(holder: Holder) -> tuple[str, str]:
    return holder.container_id, holder.interface
