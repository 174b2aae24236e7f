"""An admission webhook that is registered for as long as a claim lasts."""

import json
from base64 import b64encode
from typing import Any, Self

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap
from e2e.conformance.faces import Answer

Json = dict[str, Any]
ROOT = "/apis/admissionregistration.k8s.io/v1"
CONFIGMAPS: Json = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}


def plain_map(name: str, data: Json | None = None, **metadata: Any) -> Json:
    """A ConfigMap that says nothing of data where it has none."""
    body = configmap(name, data, **metadata)
    return body if data else {key: value for key, value in body.items() if key != "data"}


def patch_of(*operations: Json) -> Json:
    """A response that allows with a JSON patch."""
    return {
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": b64encode(json.dumps(list(operations)).encode()).decode(),
    }


class Registration:
    """A webhook for the ConfigMaps of one claim's namespace; ``also`` are further hooks of the same configuration."""

    def __init__(
        self,
        space: Workspace,
        client_config: Json,
        kind: str = "validating",
        *,
        also: list[Json] | None = None,
        suffix: str = "",
        **hook: Any,
    ) -> None:
        self._space = space
        self._path = f"{ROOT}/{kind}webhookconfigurations"
        self.name = space.namespace + suffix
        full = {
            "name": "gate.conformance.test",
            "clientConfig": client_config,
            "rules": [CONFIGMAPS],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 20,
            **hook,
        }
        self.body: Json = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind.capitalize()}WebhookConfiguration",
            "metadata": {"name": self.name},
            "webhooks": [full, *({**full, **one} for one in also or [])],
        }

    def __enter__(self) -> Self:
        answer = self._space.face.send("POST", self._path, self.body)
        assert answer.status == 201, answer.body
        self.body = answer.body
        return self

    def __exit__(self, *_: object) -> None:
        self._space.face.send("DELETE", f"{self._path}/{self.name}")

    def change(self, **hook: Any) -> None:
        """Change the registered webhook."""
        body = {**self.body, "webhooks": [{**self.body["webhooks"][0], **hook}]}
        answer = self._space.face.send("PUT", f"{self._path}/{self.name}", body)
        assert answer.status == 200, answer.body
        self.body = answer.body

    def until(self, status: int, name: str = "probe") -> Answer:
        """A dry-run create, again and again until the server asks the webhook and gives this status."""

        def ask() -> Answer:
            path = self._space.path("configmaps")
            return self._space.face.send("POST", path, plain_map(name), query={"dryRun": "All"})

        self._space.face.until(lambda: ask().status == status)
        return ask()
