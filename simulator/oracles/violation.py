"""A rule of the ledger was broken: which one, and what was seen."""

from dataclasses import dataclass
from enum import Enum


class Rule(Enum):
    """The rules of docs/ledger.md that are judged; the value is what a person reads."""

    ONE_INTERFACE = "1: an address is on one interface at most"
    CLAIMED_BY_CARRIER = "1: an address on an interface is claimed by exactly that pod and container"
    RELEASED_OFF_WIRE = "2: nothing is released while an interface carries it"
    ON_OFFER = "3: a claim made after an edit does not use what the edit took away"
    TOGETHER = "4: the families of an interface are handed out together, and each is claimed"
    SAME_ADDRESS = "5: an ADD without a DEL before it gets the same addresses again"
    IDENTITY = "6: an identity keeps its addresses while it is wanted"
    NO_LACK = "at rest: every address that a running pod reports is on an interface"
    NO_LEAK = "at rest: every claim is carried by its interface, or kept for an identity that is wanted"


@dataclass(slots=True)
class Violation(AssertionError):
    """Raised out of the run at the very event that broke the rule."""

    rule: Rule
    sentence: str
    seconds: float = 0.0

    def __str__(self) -> str:
        """Rule, moment, and what was seen."""
        return f"rule {self.rule.value}\n  at virtual second {self.seconds:.6f}: {self.sentence}"
