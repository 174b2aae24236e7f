"""API servers for the contract tests: the real one where its programs are, the simulated one always."""

from collections.abc import Iterator

import pytest

from spiderpool.resources.tests import kube_apiserver
from spiderpool.resources.tests.faces import Face, install


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    reason = kube_apiserver.missing_programs()
    if reason:
        pytest.skip(reason)
    with kube_apiserver.running(tmp_path_factory.mktemp("kube-apiserver")) as server:
        install(server)
        yield server


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.local)])
def api(request: pytest.FixtureRequest) -> Face:
    """A server that knows our definitions."""
    face: Face = request.getfixturevalue(f"{request.param}_server")
    return face
