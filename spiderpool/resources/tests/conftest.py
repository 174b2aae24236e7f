"""API servers for the contract tests: the simulated one always, the real one where its programs are."""

from collections.abc import Iterator

import pytest

from spiderpool.resources.tests import kube_apiserver
from spiderpool.resources.tests.faces import Face, create_namespace, install
from spiderpool.resources.tests.simulated_apiserver import SimulatedApiserver


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    reason = kube_apiserver.missing_programs()
    if reason:
        pytest.skip(reason)
    with kube_apiserver.running(tmp_path_factory.mktemp("kube-apiserver")) as server:
        install(server)
        create_namespace(server, "contract")
        yield server


@pytest.fixture(scope="module")
def simulated_server() -> Face:
    server = SimulatedApiserver()
    install(server)
    create_namespace(server, "contract")
    return server


@pytest.fixture(scope="module", params=["simulated", pytest.param("real", marks=pytest.mark.local)])
def api(request: pytest.FixtureRequest) -> Face:
    """A server that knows our definitions and has the namespace ``contract``."""
    face: Face = request.getfixturevalue(f"{request.param}_server")
    return face
