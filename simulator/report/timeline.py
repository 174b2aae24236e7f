"""A run as data for people: who carried which address when, what was called, what went wrong.

Pure: trace events in, a ``Timeline`` out. ``page.py`` draws it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.kernel.trace import Event

FAULTS = ("crash", "crash-point", "crash-kubelet", "crash-runtime", "power-cut", "fault", "boot", "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One address on one interface, from the moment it came up to the moment it went; times are virtual seconds."""

    node: str
    container: str
    pod: str
    address: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at one moment: a fault, a CNI call, a violated rule."""

    lane: str
    kind: str
    at: float
    text: str


@dataclass(slots=True, kw_only=True)
class Timeline:
    """Everything that the page shows. ``violations`` are sentences."""

    end: float = 0.0
    nodes: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def timeline(events: Iterable[Event]) -> Timeline:
    """Read a trace."""
    seen = Timeline()
    up: dict[tuple[str, str, str], float] = {}
    pods: dict[str, str] = {}
    for event in events:
        if (event.actor, event.what) == ("world", "stop"):
            break  # what follows is the power being switched off, not the run
        seen.end = max(seen.end, event.seconds)
        seen.lines.append(event.line)
        fields = {name: str(value) for name, value in event.fields.items()}
        match event.what:
            case "cni-begin":
                pods.setdefault(fields.get("container", ""), fields.get("pod", ""))
                _mark_call(seen, event, fields)
            case "address-up":
                _node(seen, event.actor)
                up[event.actor, fields["container"], fields["address"]] = event.seconds
            case "address-down":
                key = event.actor, fields["container"], fields["address"]
                _bar(seen, pods, key, up.pop(key, event.seconds), event.seconds)
            case "violation":
                seen.violations.append(fields.get("sentence", ""))
                seen.marks.append(Mark(lane="oracle", kind="violation", at=event.seconds, text=event.line))
            case what if what in FAULTS:
                lane = event.actor.rpartition("@")[2]
                _node(seen, lane)
                kind = "start" if what in ("boot", "start") else "fault"
                seen.marks.append(Mark(lane=lane, kind=kind, at=event.seconds, text=event.line))
    for key, start in up.items():
        _bar(seen, pods, key, start, seen.end)
    seen.nodes.sort()
    return seen


def _node(seen: Timeline, name: str) -> None:
    if name not in seen.nodes:
        seen.nodes.append(name)


def _bar(seen: Timeline, pods: dict[str, str], key: tuple[str, str, str], start: float, end: float) -> None:
    node, container, address = key
    seen.bars.append(
        Bar(node=node, container=container, pod=pods.get(container, ""), address=address, start=start, end=end)
    )


def _mark_call(seen: Timeline, event: Event, fields: dict[str, str]) -> None:
    if fields.get("program") == "spiderpool":
        _node(seen, event.actor)
        kind = "add" if fields.get("verb") == "ADD" else "del"
        seen.marks.append(Mark(lane=event.actor, kind=kind, at=event.seconds, text=event.line))
