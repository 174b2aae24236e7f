"""How big a world is and how fast its wires are: one frozen value, so that a run is named by its seed and its shape."""

from dataclasses import dataclass, field
from typing import Any

from simulator.kube.node.timings import Timings

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Durations are seconds, spans are drawn from the tape.

    With ``api_replicas`` of 1 there is one API server, which is never behind; with more, the clients are spread over so
    many that share its store, and it is left to the administrator.

    ``agent_settings`` and ``controller_settings`` are fields of the product's settings that differ from their defaults.
    """

    nodes: int = 3
    api_replicas: int = 1
    controllers: int = 1
    api_latency: Span = (0.0003, 0.002)
    socket_latency: Span = (0.0001, 0.0005)
    program_start: Span = (0.005, 0.02)
    agent_restart: Span = (2.0, 4.0)
    timings: Timings = field(default_factory=Timings)
    agent_settings: dict[str, Any] = field(default_factory=dict)
    controller_settings: dict[str, Any] = field(default_factory=dict)
    judged: bool = True
