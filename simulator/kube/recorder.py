"""Events: what controllers and kubelets tell about what they did, so that ``kubectl describe`` and ``kubectl events`` can show it.

Telling costs the teller nothing but a note; ``Recorder.run`` writes the notes to the API, in order. As with the real
ones, the same words about the same object are counted in one Event, many different ones are combined into one, and an
object that is talked about without end falls silent. A cluster whose Events nobody reads uses ``Unrecorded``.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from simulator.kube.api import Json
from simulator.kube.api_time import api_time, micro_time
from simulator.kube.client import ApiError, Client
from simulator.kube.ports import Choices, Clock, Span, draw

RETRY: Span = (0.5, 1.5)
SIMILAR_MOST = 10
SIMILAR_SECONDS = 600.0
BURST = 25
SECONDS_FOR_ONE_MORE = 300.0
KEPT = 4096
_COMBINED = "(combined from similar events): "
_VERSIONS = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1", "Node": "v1", "PodDisruptionBudget": "policy/v1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that ``component`` says about an object, or about a ``part`` of it, a path of fields.

    ``action`` is there only in the words of the scheduler.
    """

    component: str
    kind: str
    about: Json
    reason: str
    message: str
    warning: bool = False
    action: str = ""
    part: str = ""


class Events(Protocol):
    """Where controllers and kubelets tell what they did."""

    def tell(
        self,
        component: str,
        kind: str,
        about: Json,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        action: str = "",
        part: str = "",
    ) -> None:
        """Say something about ``about``, an object of this kind; see ``Told``."""
        ...


class Unrecorded:
    """``Events`` that nobody reads."""

    def tell(
        self,
        component: str,
        kind: str,
        about: Json,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        action: str = "",
        part: str = "",
    ) -> None:
        """Nothing is written."""


@dataclass(slots=True)
class _Similar:
    messages: dict[str, None] = field(default_factory=dict)
    last: float = 0.0


@dataclass(slots=True)
class _Allowance:
    left: float = BURST
    since: float = 0.0


class Recorder:
    """``Events`` that are written to the API by ``run``, for ever; ``host`` is the node of a teller that has one."""

    def __init__(self, client: Client, clock: Clock, tape: Choices, *, host: str = "") -> None:
        self._host = host
        self._client = client
        self._clock = clock
        self._tape = tape
        self._queue: deque[Told] = deque()
        self._wake = asyncio.Event()
        self._written: dict[tuple[str, ...], Json] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._allowances: dict[tuple[str, ...], _Allowance] = {}
        self._last_number = 0

    def tell(
        self,
        component: str,
        kind: str,
        about: Json,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        action: str = "",
        part: str = "",
    ) -> None:
        """Note it; see ``Events``."""
        told = Told(
            component=component,
            kind=kind,
            about=about,
            reason=reason,
            message=message,
            warning=warning,
            action=action,
            part=part,
        )
        self._queue.append(told)
        self._wake.set()

    async def run(self) -> None:
        """Write what is told. An Event that the server refuses is lost; one that does not reach it is sent again."""
        while True:
            while self._queue:
                told = self._queue.popleft()
                key, message = self._combined(told)
                if told.action or self._allowed(told):
                    await self._bring(told, key, message)
            self._wake.clear()
            await self._wake.wait()

    async def _bring(self, told: Told, key: tuple[str, ...], message: str) -> None:
        while True:
            try:
                await self._write(told, key, message)
                return
            except ApiError:
                return  # its namespace is going, or it is not allowed: nobody waits for it
            except (ConnectionError, TimeoutError):
                await self._clock.sleep(draw(self._tape, "events/retry", RETRY))

    async def _write(self, told: Told, key: tuple[str, ...], message: str) -> None:
        if told.action:
            await self._create(_of_the_scheduler(told, self._number(), self._clock.now()))
            return
        known, when = self._written.get(key), api_time(self._clock.now())
        if known is not None:
            body = {"count": known["count"] + 1, "lastTimestamp": when, "message": message}
            meta = known["metadata"]
            try:
                self._keep(key, await self._client.patch("events", meta["name"], body, namespace=meta["namespace"]))
                return
            except ApiError as error:
                if not error.gone:
                    raise
        self._keep(key, await self._create(_event(told, message, self._number(), when, host=self._host)))

    async def _create(self, event: Json) -> Json:
        return await self._client.create("events", event, event["metadata"]["namespace"])

    def _keep(self, key: tuple[str, ...], event: Json) -> None:
        self._written.pop(key, None)
        self._written[key] = event
        if len(self._written) > KEPT:
            del self._written[next(iter(self._written))]

    def _combined(self, told: Told) -> tuple[tuple[str, ...], str]:
        """What is counted together, and in which words."""
        alike = (*_who(told), told.reason, str(told.warning))
        similar, now = self._similar.pop(alike, None) or _Similar(), self._clock.monotonic()
        if now - similar.last > SIMILAR_SECONDS:
            similar.messages.clear()
        similar.last = now
        similar.messages[told.message] = None
        self._similar[alike] = similar
        if len(self._similar) > KEPT:
            del self._similar[next(iter(self._similar))]
        if len(similar.messages) < SIMILAR_MOST:
            return (*alike, told.part, told.message), told.message
        del similar.messages[next(iter(similar.messages))]
        return alike, _COMBINED + told.message

    def _allowed(self, told: Told) -> bool:
        now = self._clock.monotonic()
        one = self._allowances.pop(_who(told), None) or _Allowance(since=now)
        one.left = min(BURST, one.left + (now - one.since) / SECONDS_FOR_ONE_MORE)
        one.since = now
        self._allowances[_who(told)] = one
        if len(self._allowances) > KEPT:
            del self._allowances[next(iter(self._allowances))]
        if one.left < 1:
            return False
        one.left -= 1
        return True

    def _number(self) -> int:
        """Nanoseconds that no other Event of this recorder has in its name."""
        self._last_number = max(self._last_number + 1, int(self._clock.now() * 1e9))
        return self._last_number


def _who(told: Told) -> tuple[str, ...]:
    meta = told.about["metadata"]
    return told.component, told.kind, meta.get("namespace", ""), meta["name"], meta["uid"]


def _base(told: Told, message: str, number: int) -> Json:
    meta = told.about["metadata"]
    involved = {
        "kind": told.kind,
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": _VERSIONS.get(told.kind, "apps/v1"),
        "resourceVersion": meta.get("resourceVersion", ""),
        "fieldPath": told.part,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{number:x}", "namespace": meta.get("namespace") or "default"},
        "involvedObject": {name: value for name, value in involved.items() if value},
        "reason": told.reason,
        "message": message,
        "type": "Warning" if told.warning else "Normal",
        "reportingComponent": told.component,
        "reportingInstance": "",
    }


def _event(told: Told, message: str, number: int, when: str, *, host: str) -> Json:
    times = {"firstTimestamp": when, "lastTimestamp": when, "count": 1, "eventTime": None}
    source = {"component": told.component, **({"host": host} if host else {})}
    return {**_base(told, message, number), **times, "source": source, "reportingInstance": host}


def _of_the_scheduler(told: Told, number: int, now: float) -> Json:
    """The newer form: one time, and no count of what has only happened once."""
    new: Json = {
        "reportingInstance": f"{told.component}-0",
        "action": told.action,
        "eventTime": micro_time(now),
        "firstTimestamp": None,
        "lastTimestamp": None,
        "source": {},
    }
    return {**_base(told, told.message, number), **new}
