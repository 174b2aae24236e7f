"""The socket of a node's runtime: whichever incarnation serves it at the moment, or nobody."""

import asyncio

from simulator.kube.node.runtime import Runtime, RuntimeDown


class RuntimeSlot:
    """Holds the current runtime; kubelets ask it each time anew."""

    def __init__(self) -> None:
        self._current: Runtime | None = None
        self._up = asyncio.Event()

    def put(self, runtime: Runtime) -> None:
        """This one serves from now on, as soon as it says so with ``came_up``."""
        self._current = runtime
        self._up.clear()
        runtime.process.on_exit(lambda: self._left(runtime))

    def came_up(self) -> None:
        """The current runtime answers."""
        self._up.set()

    def current(self) -> Runtime | None:
        """The incarnation that lives, if one does."""
        return self._current

    def get(self) -> Runtime:
        """The runtime.

        Raises:
            RuntimeDown: nobody listens.
        """
        if self._current is None:
            raise RuntimeDown("connection refused")
        return self._current

    async def wait_up(self) -> None:
        """Wait until a runtime answers."""
        await self._up.wait()

    def _left(self, runtime: Runtime) -> None:
        if self._current is runtime:
            self._current = None
            self._up.clear()
