"""What can happen to a request on its way, as values, and plans that say to which request it happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.kube.api import ApiResponse
from simulator.kube.calls import Call
from simulator.kube.server.refusals import Refusal

Effect = Literal["delay", "lose", "lose_answer", "commit_late", "refuse", "commit_and_refuse", "commit_late_and_refuse"]

REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request.

    ==========================  ==========================================  ==========================================
    ``effect``                  the server                                  the client
    ==========================  ==========================================  ==========================================
    ``delay``                   gets it ``seconds`` later                   gets the answer
    ``lose``                    never gets it                               ConnectionError after ``seconds``
    ``lose_answer``             does it                                     ConnectionError after ``seconds``
    ``commit_late``             does it after ``seconds``                   TimeoutError after ``give_up_seconds``
    ``refuse``                  does nothing                                gets ``status`` after ``seconds``
    ``commit_and_refuse``       does it                                     gets ``status`` after ``seconds``
    ``commit_late_and_refuse``  does it after ``seconds``                   gets ``status`` after ``give_up_seconds``
    ==========================  ==========================================  ==========================================

    ``says`` is the message of the refusal; what etcd says has no reason.
    """

    effect: Effect
    seconds: float = 0.0
    give_up_seconds: float = 0.0
    status: int = 500
    retry_after_seconds: int = 0
    says: str = ""

    def refusal(self) -> Refusal:
        """What the client is told."""
        reason = "" if self.says.startswith("etcdserver: ") else REASONS.get(self.status, "Unknown")
        says = self.says or f"the simulated server answers {self.status}"
        return Refusal(self.status, reason, says, retry_after_seconds=self.retry_after_seconds)

    def answer(self) -> ApiResponse:
        """The refusal that the client gets."""
        return ApiResponse(status=self.status, body=self.refusal().status)


Decide = Callable[[str, Call], Fault | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Which requests meet ``fault``: empty fields match all, ``writes`` those alone that may change something. The first
    ``skip`` are spared, then ``times`` are hit.
    """

    fault: Fault
    client: str = ""
    verb: str = ""
    resource: str = ""
    name: str = ""
    writes: bool = False
    skip: int = 0
    times: int = 1

    def matches(self, client: str, call: Call) -> bool:
        """Whether this request is meant."""
        return (
            self.client in ("", client)
            and self.verb in ("", call.verb)
            and self.resource in ("", call.resource)
            and self.name in ("", call.name)
            and (call.writes or not self.writes)
        )


class FaultPlan:
    """Rules, tried in order; each counts what it has seen. ``hits`` says how often a rule fired."""

    def __init__(self, rules: Sequence[FaultRule]) -> None:
        self._rules = list(rules)
        self._seen = [0] * len(self._rules)
        self.hits = [0] * len(self._rules)

    def __call__(self, client: str, call: Call) -> Fault | None:
        """The fault that this request meets."""
        for position, rule in enumerate(self._rules):
            if not rule.matches(client, call):
                continue
            self._seen[position] += 1
            if rule.skip < self._seen[position] <= rule.skip + rule.times:
                self.hits[position] += 1
                return rule.fault
        return None
