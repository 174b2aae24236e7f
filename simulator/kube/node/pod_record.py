"""What a kubelet knows of one pod's object, and what it writes to it: status, and the DELETE that ends it.

News come from the watch and from the answers to own writes; whichever is newer counts. Writes are repeated until they
are answered; an object that is gone, or has become another one of the same name, ends that.
"""

from collections.abc import Sequence

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import API_FAILURES, ApiError, Client
from simulator.kube.node import pod_status
from simulator.kube.node.pod_plan import PodPlan, plan_of
from simulator.kube.node.sandboxes import PodRef
from simulator.kube.node.timings import Pace


class PodRecord:
    """The object of one pod uid. ``gone``: it is no longer in the API, or never was while this kubelet ran."""

    def __init__(self, client: Client, pace: Pace, ref: PodRef, pod: Json | None) -> None:
        self._client = client
        self._pace = pace
        self._ref = ref
        self._pod: Json = pod or {"metadata": {"resourceVersion": "0"}}
        self.gone = pod is None

    def told(self, pod: Json | None) -> None:
        """The watch says that it changed; None: it is gone."""
        if pod is None:
            self.gone = True
        elif _revision(self._pod) < _revision(pod):
            self._pod = pod

    @property
    def pod(self) -> Json:
        """The object as it is known; without a uid, if it was never seen."""
        return self._pod

    def runs_in(self, sandbox_id: str) -> bool:
        """Whether its status says that its containers run in this sandbox."""
        return pod_status.same_sandbox(self._pod.get("status") or {}, sandbox_id or self._no_sandbox)

    @property
    def _no_sandbox(self) -> str:
        """What stands for the sandbox of a pod on the host's network."""
        return f"{self._ref.uid:0>64}"

    @property
    def is_leaving(self) -> bool:
        """Its deletion was asked for."""
        return bool(self._pod["metadata"].get("deletionTimestamp"))

    @property
    def is_begun(self) -> bool:
        """A kubelet has taken it on."""
        return "startTime" in (self._pod.get("status") or {})

    @property
    def has_ended(self) -> bool:
        """Its phase says that it is over."""
        return (self._pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")

    @property
    def on_host_network(self) -> bool:
        """It has no network of its own."""
        return bool((self._pod.get("spec") or {}).get("hostNetwork"))

    @property
    def grace_seconds(self) -> float:
        """How long its containers may take to end."""
        return float(self._pod["metadata"].get("deletionGracePeriodSeconds") or 1)

    @property
    def plan(self) -> PodPlan:
        """What its containers do."""
        return plan_of(self._pod)

    @property
    def started_at(self) -> float | None:
        """When its containers started, in seconds since 1970."""
        return pod_status.started_at(self._pod)

    async def publish_running(self, addresses: Sequence[str], host_ip: str, sandbox_id: str) -> None:
        """Everything runs."""
        now, container = self._now(), sandbox_id or self._no_sandbox
        await self._publish(
            pod_status.running(self._pod, now=now, host_ip=host_ip, addresses=addresses, container_id=container)
        )

    async def publish_waiting(self, message: str) -> None:
        """There is no sandbox yet."""
        await self._publish(pod_status.waiting(self._pod, now=self._now(), message=message))

    async def publish_end(self) -> None:
        """The containers have ended by themselves."""
        await self._publish(pod_status.finished(self._pod, now=self._now(), exit_code=self.plan.exit_code))

    async def end(self) -> None:
        """The second DELETE, grace 0; finalizers may keep the object longer than us."""
        ref = self._ref
        while not self.gone:
            try:
                await self._client.delete("pods", ref.name, namespace=ref.namespace, uid=ref.uid, grace_seconds=0)
                return
            except API_FAILURES:
                await self._pace.wait("api_retry")

    async def _publish(self, status: Json) -> None:
        while not self.gone and not pod_status.same(self._pod, status):
            body = {"metadata": {"uid": self._ref.uid}, "status": status}
            try:
                fresh = await self._client.patch(
                    "pods", self._ref.name, body, namespace=self._ref.namespace, subresource="status"
                )
            except API_FAILURES as error:
                if isinstance(error, ApiError) and (error.gone or error.conflict):
                    return
                await self._pace.wait("api_retry")
                continue
            self.told(fresh)
            return

    def _now(self) -> str:
        return api_time(self._pace.clock.now())


def _revision(item: Json) -> int:
    return int(item["metadata"]["resourceVersion"])
