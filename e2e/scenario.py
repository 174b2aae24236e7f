"""A scenario: an async function over a ``Cluster``, written once, that pytest runs on the backend given by --backend.

```
@scenario("E00002")
async def test_a_deployment_gets_its_addresses(cluster: Cluster) -> None: ...
```
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from e2e.cluster import Capability, Cluster

Body = Callable[[Cluster], Awaitable[None]]


class Backend(Protocol):
    """A way to run scenarios."""

    @property
    def name(self) -> str:
        """As --backend names it."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What its clusters can do."""
        ...

    def missing(self) -> list[str]:
        """What this machine lacks for it, each with the remedy; empty when it can run."""
        ...

    def run(self, body: Body, *, seed: int) -> None:
        """Run one scenario on a clean cluster."""
        ...

    def close(self) -> None:
        """The session is over: leave nothing behind."""
        ...


def scenario(*upstream: str, needs: tuple[Capability, ...] = ()) -> Callable[[Body], Callable[..., None]]:
    """Make a test of a scenario.

    Args:
        upstream: ids of the Go Spiderpool's test cases that it answers.
        needs: capabilities without which it cannot run.
    """

    def make(body: Body) -> Callable[..., None]:
        def test(backend: Backend, seed: int) -> None:
            lacking = [need.value for need in needs if need not in backend.capabilities]
            if lacking:
                pytest.skip(f"backend {backend.name} has no way of {', '.join(lacking)}")
            backend.run(body, seed=seed)

        test.__name__ = getattr(body, "__name__", "test")
        test.__doc__ = body.__doc__
        test.__module__ = body.__module__
        marked: Callable[..., None] = test
        for case in upstream:
            marked = pytest.mark.upstream(case)(marked)
        return marked

    return make
