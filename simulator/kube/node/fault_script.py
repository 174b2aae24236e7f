"""Faults in CNI calls, one by one: *the next DEL of this pod is lost*, *the next two ADDs of the IPAM plugin fail*.

The other way to make faults, drawing them by chance, is the business of ``simulator/faults``; both answer the same
question (``RuntimeFaults.before_call``).
"""

from dataclasses import dataclass, field

from simulator.kube.node.machine import Call, Upset

_NOTHING = Upset()


@dataclass(slots=True, kw_only=True)
class _Rule:
    upset: Upset
    program: str
    verb: str
    pod: str
    container_id: str
    times: int

    def concerns(self, call: Call) -> bool:
        return all(
            not wanted or wanted == found
            for wanted, found in (
                (self.program, call.program),
                (self.verb, call.verb),
                (self.pod, call.pod),
                (self.container_id, call.container_id),
            )
        )


@dataclass(slots=True)
class FaultScript:
    """Rules in order; the first that concerns a call answers, and is used up after ``times`` calls."""

    _rules: list[_Rule] = field(default_factory=list)

    def next(
        self,
        upset: Upset,
        *,
        program: str = "",
        verb: str = "",
        pod: str = "",
        container_id: str = "",
        times: int = 1,
    ) -> None:
        """Upset the next ``times`` calls that match; an empty condition matches everything."""
        self._rules.append(
            _Rule(upset=upset, program=program, verb=verb, pod=pod, container_id=container_id, times=times)
        )

    def lose_next_del(self, program: str, *, pod: str = "", container_id: str = "") -> None:
        """The next DEL of this program is never made, and its caller believes that it was."""
        self.next(Upset(lost=True), program=program, verb="DEL", pod=pod, container_id=container_id)

    def forget(self) -> None:
        """No more faults."""
        self._rules.clear()

    def before_call(self, call: Call) -> Upset:
        """What shall go wrong with this call."""
        for rule in self._rules:
            if rule.concerns(call):
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
                return rule.upset
        return _NOTHING
