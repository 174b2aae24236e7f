"""The backends that scenarios run on: simulator, local (real programs on this machine), kind."""

from e2e.scenario import Backend


def backend_named(name: str) -> Backend:
    """A backend by the name that --backend gives it; what it needs is imported only now.

    Raises:
        ValueError: there is none of this name.
    """
    match name:
        case "simulator":
            from e2e.backends.simulator import SimulatorBackend  # noqa: PLC0415

            return SimulatorBackend()
        case "local":
            from e2e.backends.local.scenarios import LocalBackend  # noqa: PLC0415

            return LocalBackend()
        case "kind":
            from e2e.backends.kind.scenarios import KindBackend  # noqa: PLC0415

            return KindBackend()
    raise ValueError(f"backend {name!r}: choose simulator, local or kind")
