"""Plays a node: pods that nobody scheduled are bound to it, are ready at once, and end at once when they are deleted.

It speaks to the server as a kubelet would, through the API, so that it does the same to a simulated and to a real one.
It runs in a thread of its own, because what waits for pods (``kubectl rollout status``, ``kubectl drain``) blocks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.conformance.faces import Face

Json = dict[str, Any]
LOOK_SECONDS = 0.1
STARTED = "2024-01-01T00:00:00Z"


@contextmanager
def played(face: Face, node: str, namespace: str) -> Iterator[None]:
    """Play the node for the pods of a namespace, until the block ends. The face must be nobody else's."""
    over = threading.Event()
    thread = threading.Thread(target=_play, args=(face, node, namespace, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _play(face: Face, node: str, namespace: str, over: threading.Event) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    while not over.wait(LOOK_SECONDS):
        for pod in face.send("GET", path).body.get("items", []):
            _advance(face, f"{path}/{pod['metadata']['name']}", pod, node)


def _advance(face: Face, path: str, pod: Json, node: str) -> None:
    metadata = pod["metadata"]
    bound_to = pod["spec"].get("nodeName")
    if metadata.get("deletionTimestamp"):
        face.send("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
    elif not bound_to:
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        face.send("POST", f"{path}/binding", {"metadata": {"name": metadata["name"]}, "target": target})
    elif bound_to == node and pod["status"].get("phase") == "Pending":
        patch = {"status": _running(pod)}
        face.send("PATCH", f"{path}/status", patch, content_type="application/merge-patch+json")


def _running(pod: Json) -> Json:
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"{container['image']}@sha256:{'0' * 64}",
            "containerID": f"containerd://{'1' * 64}",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": STARTED}},
        }
        for container in pod["spec"]["containers"]
    ]
    return {
        "phase": "Running",
        "podIP": "192.0.2.10",
        "podIPs": [{"ip": "192.0.2.10"}],
        "hostIP": "192.0.2.1",
        "hostIPs": [{"ip": "192.0.2.1"}],
        "startTime": STARTED,
        "containerStatuses": containers,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": STARTED} for kind in kinds],
    }
