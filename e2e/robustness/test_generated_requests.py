"""The HTTP face is sent requests that are made of its own OpenAPI documents; whatever they say, it answers, and lives.

A short run is part of the tests: some actions of each document. A longer one tries all actions, and has schemathesis
break the schemas as well:

    SPIDERSIM_REQUESTS=20 SPIDERSIM_SEED=3 .venv/bin/pytest -q -s e2e/robustness
"""

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import ADMIN, HttpFace, token_of
from e2e.conformance.served import SPEED, Running, served
from e2e.robustness.prober import Prober, Sent
from e2e.robustness.requests import Generator, chosen, operations, plural_of
from e2e.robustness.samples import sample

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
COUNT = int(os.environ.get("SPIDERSIM_REQUESTS", "0"))
SEED = int(os.environ.get("SPIDERSIM_SEED", "1"))
SHORT, ACTIONS = 5, 14
WAYS = ("generated", "broken", "negative") if COUNT else ("generated", "broken")
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CONFIGMAPS = "/api/v1/namespaces/generated/configmaps"
DOCUMENTS = (
    "api/v1",
    "apis/admissionregistration.k8s.io/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/apiregistration.k8s.io/v1",
    "apis/apps/v1",
    "apis/authentication.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/autoscaling/v1",
    "apis/autoscaling/v2",
    "apis/batch/v1",
    "apis/certificates.k8s.io/v1",
    "apis/conformance.test/v1",
    "apis/coordination.k8s.io/v1",
    "apis/discovery.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/flowcontrol.apiserver.k8s.io/v1",
    "apis/networking.k8s.io/v1",
    "apis/node.k8s.io/v1",
    "apis/policy/v1",
    "apis/rbac.authorization.k8s.io/v1",
    "apis/resource.k8s.io/v1",
    "apis/scheduling.k8s.io/v1",
    "apis/storage.k8s.io/v1",
    "apis/storagemigration.k8s.io/v1",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with served() as one:
        yield one


@pytest.fixture
def prober(running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prober]:
    monkeypatch.setattr("http.client._MAXHEADERS", 10_000)  # a hundred warnings are more headers than it likes
    caplog.set_level(logging.ERROR)
    one = Prober(port=running.port, token=token_of(ADMIN))
    yield one
    one.close()


def _begin(running: Running, prober: Prober) -> None:
    """What requests of the documents refer to is there; what earlier ones have made stands in nobody's way."""
    for kind in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        prober.ask(Sent(method="DELETE", path=f"{CONFIGURATIONS}/{kind}"))
    for kind in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
        prober.ask(Sent(method="DELETE", path=f"{CONFIGURATIONS}/{kind}"))
    prober.ask(Sent(method="POST", path="/api/v1/namespaces", body=b'{"metadata":{"name":"generated"}}'))
    face = HttpFace("http", running.port, speed=SPEED)
    for definition in (WIDGETS, GEARS):
        if prober.ask(Sent(method="GET", path=f"{DEFINITIONS}/{definition['metadata']['name']}"))["kind"] == "Status":
            install(face, definition)
    face.close()


def _works(running: Running) -> None:
    """The server still serves, on a new connection."""
    prober = Prober(port=running.port, token=token_of(ADMIN))
    path, body = "/api/v1/namespaces/default/configmaps", b'{"metadata":{"name":"after"},"data":{"a":"1"}}'
    assert prober.ask(Sent(method="POST", path=path, body=body))["data"] == {"a": "1"}
    assert prober.ask(Sent(method="GET", path=f"{path}/after"))["data"] == {"a": "1"}
    assert prober.ask(Sent(method="DELETE", path=f"{path}/after"))["status"] == "Success"
    prober.close()


def _bytes_of(body: Any) -> bytes:
    return json.dumps(body).encode()


def _try(generator: Generator, prober: Prober, path: str, method: str, caplog: pytest.LogCaptureFixture) -> None:
    """Some requests of one action; it is a fault to answer wrongly, late, or by a defect."""
    plural, collection = plural_of(path), path.partition("/{name}")[0].replace("{namespace}", "generated")
    for way in WAYS:
        if "{name}" in path:
            prober.ask(Sent(method="POST", path=collection, body=_bytes_of(sample(plural))))
        generator.play(path, method, way, prober.ask)
        told = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert not told, f"{method} {path} ({way}): {told[0].getMessage()}\n{caplog.text[-3000:]}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_requests_of_a_document_are_answered(
    running: Running, prober: Prober, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    _begin(running, prober)
    document = prober.ask(Sent(method="GET", path=f"/openapi/v3/{name}"))
    generator = Generator(document, seed=SEED, count=COUNT or SHORT)
    actions = operations(document)
    for path, method in actions if COUNT else chosen(actions, ACTIONS, f"{SEED}"):
        _try(generator, prober, path, method, caplog)
    _begin(running, prober)
    _works(running)
    print(f"document={name} answers={dict(sorted(prober.answers.items()))}")


def test_every_document_is_tried(running: Running, prober: Prober) -> None:
    _begin(running, prober)
    assert set(prober.ask(Sent(method="GET", path="/openapi/v3"))["paths"]) == set(DOCUMENTS)
