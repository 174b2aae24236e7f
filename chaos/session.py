"""A cluster that stays between the steps of an experiment.

chaostoolkit calls actions and probes one after the other from ordinary code; a cluster's verbs are coroutines of one
loop. So the backend runs in a thread of its own, in a body that does nothing but take steps: the loop stands still
while no step is asked for. On the simulator that is virtual time standing still, which keeps an experiment as
deterministic as a scenario.
"""

import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from e2e.backends import backend_named
from e2e.cluster import Cluster
from e2e.scenario import Backend

T = TypeVar("T")
Step = Callable[[Cluster], Awaitable[Any]]


class Unavailable(Exception):
    """The backend cannot run on this machine; the text says what is missing."""


class Session:
    """One cluster of one backend, made at once, ended by ``close``."""

    def __init__(self, backend: str, seed: int) -> None:
        self._backend: Backend = backend_named(backend)
        if missing := self._backend.missing():
            raise Unavailable(f"backend {backend}: {'; '.join(missing)}")
        self._steps: queue.Queue[tuple[Step, Future[Any]] | None] = queue.Queue()
        self._failure: BaseException | None = None
        self._seed = seed
        self._thread = threading.Thread(target=self._run, name=f"{backend} cluster")
        self._thread.start()
        self.do(_nothing)

    def do(self, step: Callable[[Cluster], Awaitable[T]]) -> T:
        """Carry out one step and wait for it.

        Raises:
            Exception: what the step raised, or why the cluster has ended.
        """
        answer: Future[T] = Future()
        self._steps.put((step, answer))
        while True:
            try:
                return answer.result(timeout=0.5)
            except TimeoutError:
                if answer.done():
                    raise
                if not self._thread.is_alive():
                    raise RuntimeError(f"the cluster has ended: {self._failure!r}") from self._failure

    def close(self) -> None:
        """End the cluster.

        Raises:
            BaseException: what ended it before, such as a broken rule that an oracle saw.
        """
        self._steps.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._backend.run(self._body, seed=self._seed)
        except BaseException as error:  # noqa: BLE001  handed to whoever closes or uses the session
            self._failure = error
        finally:
            self._backend.close()

    async def _body(self, cluster: Cluster) -> None:
        while (asked := self._steps.get()) is not None:
            step, answer = asked
            try:
                answer.set_result(await step(cluster))
            except Exception as error:  # noqa: BLE001  it belongs to whoever asked
                answer.set_exception(error)


async def _nothing(cluster: Cluster) -> None:
    """The first step: returns when the cluster is up."""
