"""What requests are made of is itself taken by a server on which nobody has done anything yet."""

import json
from collections.abc import Iterator

import pytest

from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import ADMIN, HttpFace, token_of
from e2e.conformance.served import SPEED, served
from e2e.robustness.prober import Prober, Sent
from e2e.robustness.requests import operations, plural_of
from e2e.robustness.samples import sample

NEEDED = {"bindings": 404}  # the pod that is to be bound


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    with served() as running:
        face = HttpFace("http", running.port, speed=SPEED)
        for definition in (WIDGETS, GEARS):
            install(face, definition)
        face.close()
        one = Prober(port=running.port, token=token_of(ADMIN))
        one.ask(Sent(method="POST", path="/api/v1/namespaces", body=b'{"metadata":{"name":"generated"}}'))
        yield one
        one.close()


def test_a_server_takes_the_sample_of_each_kind(prober: Prober) -> None:
    seen = set()
    for name in prober.ask(Sent(method="GET", path="/openapi/v3"))["paths"]:
        document = prober.ask(Sent(method="GET", path=f"/openapi/v3/{name}"))
        for path in (path for path, method in operations(document) if method == "post"):
            place, plural = path.replace("{namespace}", "generated"), plural_of(path)
            body = json.dumps(sample(plural)).encode()
            answer = prober.ask(Sent(method="POST", path=f"{place}?dryRun=All", body=body))
            refused = answer["code"] if answer["kind"] == "Status" else 0
            assert refused == NEEDED.get(plural, 0), (path, answer)
            seen.add(plural)
    assert {"pods", "deployments", "widgets", "flowschemas"} <= seen
