"""What the API server itself holds true of the custom resources, whatever a client sends: bounds and CEL rules.

The models say the shape; this table says the rest, by the model and the API name of the field, and ``crds.py`` joins
the two. A rule here is a wall behind the code that should never run into it: it guards the transitions that the
address protocol rests on (docs/architecture.md). Every rule is cheap: no loop, and every text that a rule compares has
a length limit, so that the server's cost estimate stays bounded.
"""

from dataclasses import dataclass
from typing import Any, Final

NAME_LENGTH: Final = 253  # of a Kubernetes object whose name is a DNS subdomain
CLAIM_NAME_LENGTH: Final = 39  # eight groups of four digits, seven hyphens
UID_LENGTH: Final = 64

_COUNT: Final = {"minimum": 0}
_IP_VERSION: Final = {"enum": [4, 6]}
_TIME: Final = {"format": "date-time"}
_NAME: Final = {"maxLength": NAME_LENGTH}
_SELECTOR: Final = {"x-kubernetes-map-type": "atomic"}

BOUNDS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "PoolSpec": {
        "subnet": {"maxLength": 64},
        "ipVersion": _IP_VERSION,
        "podAffinity": _SELECTOR,
        "namespaceAffinity": _SELECTOR,
        "nodeAffinity": _SELECTOR,
        "default": {"default": False},
        "disable": {"default": False},
        "cooldownSeconds": _COUNT,
    },
    "PoolStatus": {
        "totalIPCount": _COUNT,
        "allocatedIPCount": _COUNT,
        "observedGeneration": _COUNT,
        "conditions": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    },
    "Usage": {"generation": _COUNT, "data": {"maxLength": 8192}},
    "Condition": {
        "status": {"enum": ["True", "False", "Unknown"]},
        "lastTransitionTime": _TIME,
        "observedGeneration": _COUNT,
    },
    "ReservedSpec": {"ipVersion": _IP_VERSION},
    "EndpointIP": {"vlan": {"default": 0, "minimum": 0, "maximum": 4094}},
    "ClaimSpec": {
        "address": {"minLength": 1, "maxLength": 43},
        "identity": {"maxLength": 512},
        "state": {"default": "Claimed"},
        "parkedAt": _TIME,
        "releasedAt": _TIME,
    },
    "PoolRef": {"name": _NAME, "uid": {"maxLength": UID_LENGTH}},
    "Owner": {
        "namespace": {"maxLength": 63},
        "name": _NAME,
        "uid": {"minLength": 1, "maxLength": UID_LENGTH},
        "node": _NAME,
        "machineID": {"maxLength": UID_LENGTH},
        "bootID": {"maxLength": UID_LENGTH},
        "interface": {"maxLength": 15},
        "containerID": {"maxLength": NAME_LENGTH},
        "since": _COUNT,
        "podCreated": _TIME,
    },
    "ControllerRef": {"name": _NAME},
    "Netns": {"path": {"maxLength": 4096}, "inode": _COUNT},
    "SpiderLedger": {"spec": {"default": {}}},
    "LedgerSpec": {"epoch": {"default": 1, "minimum": 1}, "mode": {"default": "Recovering"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One CEL rule.

    Attributes:
        at: where it stands, such as ``spec.subnet``; empty for the whole object.
        holds: the CEL expression; a rule that reads ``oldSelf`` speaks of updates only.
        message: what the writer reads when it does not hold.
    """

    at: str
    holds: str
    message: str


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "SpiderIPPool": (
        Rule(
            at="spec.subnet",
            holds="self == oldSelf",
            message="the subnet of a pool never changes; create another pool",
        ),
        Rule(
            at="spec",
            holds="!has(self.ipVersion) || !has(oldSelf.ipVersion) || self.ipVersion == oldSelf.ipVersion",
            message="the ipVersion of a pool never changes; create another pool",
        ),
        Rule(
            at="spec",
            holds="!has(self.ipVersion) || self.ipVersion == (self.subnet.contains(':') ? 6 : 4)",
            message="ipVersion is not that of the subnet; leave it out",
        ),
    ),
    "SpiderIPAddress": (
        Rule(
            at="",
            holds=f"size(self.metadata.name) <= {CLAIM_NAME_LENGTH}",
            message=f"the name of a claim is its address, at most {CLAIM_NAME_LENGTH} characters",
        ),
        Rule(
            at="",
            holds="self.spec.address.contains(':')"
            f" ? size(self.metadata.name) == {CLAIM_NAME_LENGTH} && !self.metadata.name.contains('.')"
            " && ip(self.metadata.name.replace('-', ':')) == cidr(self.spec.address).ip()"
            " : self.spec.address.startsWith(self.metadata.name + '/')",
            message="the name of a claim is its address: 10.0.0.1, or eight groups of four digits joined by -",
        ),
        Rule(
            at="spec.address",
            holds="self == oldSelf",
            message="the address of a claim never changes",
        ),
        Rule(
            at="spec",
            holds="self.state != 'Claimed' || has(self.owner)",
            message="a Claimed address has an owner",
        ),
        Rule(
            at="spec",
            holds="self.state != 'Cooling' || !has(self.owner)",
            message="a Cooling address has no owner",
        ),
        Rule(
            at="spec",
            holds="self.state != 'Parked' || (has(self.owner) && has(self.identity) && size(self.identity) > 0)",
            message="a Parked address has an identity and the owner that it had last",
        ),
        Rule(
            at="spec",
            holds="!has(oldSelf.owner) || !has(self.owner) || self.owner.bootID != oldSelf.owner.bootID"
            " || self.owner.since >= oldSelf.owner.since",
            message="owner.since never falls within one boot: a newer attachment holds the address",
        ),
        Rule(
            at="spec",
            holds="!has(oldSelf.owner) || !has(self.owner) || self.owner.uid == oldSelf.owner.uid"
            " || (has(self.identity) && size(self.identity) > 0"
            " && has(oldSelf.identity) && self.identity == oldSelf.identity)",
            message="another pod takes over an address only while it cools, or as the same identity",
        ),
    ),
    "SpiderLedger": (
        Rule(
            at="",
            holds="self.metadata.name == 'default'",
            message="there is one ledger; its name is default",
        ),
        Rule(
            at="spec.epoch",
            holds="self >= oldSelf",
            message="the epoch never falls",
        ),
    ),
}
