"""Gives each claim both faces; the real one is started once, and only where its programs are."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from e2e.conformance.control_plane import TOKEN, control_plane, programs
from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import Face, RealFace, SimulatedFace


@dataclass
class Workspace:
    """A face, and a namespace of its own for one claim."""

    face: Face
    namespace: str

    def path(self, plural: str, name: str = "", subresource: str = "") -> str:
        """The path of a namespaced resource."""
        roots = {"widgets": "/apis/conformance.test/v1", "leases": "/apis/coordination.k8s.io/v1"}
        apps = ("deployments", "replicasets", "statefulsets", "daemonsets")
        root = roots.get(plural, "/apis/apps/v1" if plural in apps else "/api/v1")
        parts = [root, "namespaces", self.namespace, plural, name, subresource]
        return "/".join(part for part in parts if part)


@pytest.fixture(scope="session")
def real_face() -> Iterator[Face]:
    folder = programs()
    if folder is None:
        pytest.skip("kube-apiserver and etcd are not there: `make tools` builds them")
    with control_plane(folder) as port:
        face = RealFace(port, TOKEN)
        install(face, WIDGETS)
        install(face, GEARS)
        yield face
        face.close()


@pytest.fixture(scope="session")
def simulated_face() -> Iterator[Face]:
    face = SimulatedFace()
    install(face, WIDGETS)
    install(face, GEARS)
    yield face
    face.close()


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.local)])
def space(request: pytest.FixtureRequest) -> Workspace:
    face: Face = request.getfixturevalue("real_face" if request.param == "real" else "simulated_face")
    name = "c-" + request.node.originalname.removeprefix("test_").replace("_", "-")[:50].strip("-")
    answer = face.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert answer.status == 201, answer.body
    return Workspace(face=face, namespace=name)
