"""Gives each claim every arm that the machine has, and compares what was said with what the real server said.

A claim is one test function, asked on three arms: the simulated server by direct calls and over HTTP, and the real one.
After a claim has held on an arm, its transcript is compared with the recording (``recording.py``); with ``--record``,
that of the real arm becomes the recording. A claim in ``known.py`` must differ, and says with what consequence.
"""

import json
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.conformance import clusters, recording
from e2e.conformance.clusters import Cluster
from e2e.conformance.control_plane import control_plane, programs
from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import Face, HttpFace, SimulatedFace
from e2e.conformance.known import KNOWN
from e2e.conformance.recording import Transcript
from e2e.conformance.served import SPEED, served

ARMS = ("direct", "http", pytest.param("real", marks=pytest.mark.local))
CLUSTER_ARMS = ARMS[1:]
"""For programs."""


@dataclass
class Workspace:
    """A face that notes what is said, the bare one for what is only preparation, and a namespace for one claim, with the
    name under which the recordings know it.
    """

    face: Transcript
    bare: Face
    namespace: str
    shown: str

    def path(self, plural: str, name: str = "", subresource: str = "") -> str:
        """The path of a namespaced resource."""
        roots = {"widgets": "/apis/conformance.test/v1", "leases": "/apis/coordination.k8s.io/v1"}
        apps = ("deployments", "replicasets", "statefulsets", "daemonsets")
        root = roots.get(plural, "/apis/apps/v1" if plural in apps else "/api/v1")
        parts = [root, "namespaces", self.namespace, plural, name, subresource]
        return "/".join(part for part in parts if part)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--record", action="store_true", help="keep what the real API server says as the recordings")
    group.addoption("--claims-to", default="", help="write what became of each claim on each arm to this JSON file")


def pytest_configure() -> None:
    """SIGTERM ends the run as ^C does, so that the programs which were started are ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_face() -> Iterator[Face]:
    folder = programs()
    if folder is None:
        pytest.skip("kube-apiserver and etcd are not there: `make tools` builds them")
    with control_plane(folder) as running:
        yield from _prepared(HttpFace("real", running.port, compact=running.compact, fill_store=running.fill))


@pytest.fixture(scope="session")
def real_cluster() -> Iterator[Cluster]:
    folder = programs()
    if folder is None or not (folder / "kube-controller-manager").exists():
        pytest.skip("kube-apiserver, kube-controller-manager and etcd are not there: `make tools` builds them")
    with clusters.real(folder) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def http_cluster() -> Iterator[Cluster]:
    with clusters.simulated() as cluster:
        yield cluster


@pytest.fixture(params=CLUSTER_ARMS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    one: Cluster = request.getfixturevalue(f"{request.param}_cluster")
    return one


@pytest.fixture(scope="session")
def direct_face() -> Iterator[Face]:
    yield from _prepared(SimulatedFace())


@pytest.fixture(scope="session")
def http_face() -> Iterator[Face]:
    with served() as running:
        face = HttpFace("http", running.port, speed=SPEED, compact=running.compact, fill_store=running.fill)
        yield from _prepared(face)


def _prepared(face: HttpFace | SimulatedFace) -> Iterator[Face]:
    install(face, WIDGETS)
    install(face, GEARS)
    yield face
    face.close()


@pytest.fixture(scope="session")
def namespaces_given() -> dict[str, list[str]]:
    """Arm to the namespaces that claims have got on it."""
    return {}


@pytest.fixture(params=ARMS)
def space(request: pytest.FixtureRequest, namespaces_given: dict[str, list[str]]) -> Workspace:
    face: Face = request.getfixturevalue(f"{request.param}_face")
    shown = "c-" + request.node.originalname.removeprefix("test_").replace("_", "-")[:50].strip("-")
    earlier = namespaces_given.setdefault(face.name, [])  # also those that are gone by now
    number = sum(1 for taken in earlier if taken.startswith(shown))
    name = f"{shown}-{number}" if number else shown
    earlier.append(name)
    answer = face.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert answer.status == 201, answer.body
    return Workspace(face=Transcript(face, name, shown), bare=face, namespace=name, shown=shown)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Claims about HTTP itself are not asked by direct calls."""
    direct = [item for item in items if item.get_closest_marker("over_http") and "[direct" in item.name]
    if direct:
        config.hook.pytest_deselected(items=direct)
        items[:] = [item for item in items if item not in direct]


def claim_of(item: pytest.Item) -> str:
    """``module.claim``, with the case if there are several: the same on every arm."""
    module = Path(str(item.path)).stem.removeprefix("test_")
    case = item.name.partition("[")[2].removesuffix("]")
    arms = {"direct", "http", "real"}
    case = "-".join(part for part in case.split("-") if part not in arms)
    name = getattr(item, "originalname", item.name).removeprefix("test_")
    return f"{module}.{name}" + (f"[{case}]" if case else "")


def arm_of(item: pytest.Item) -> str:
    """The arm on which a claim is asked; empty for a test that is none."""
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return str(params.get("space") or params.get("cluster") or "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    space = getattr(item, "funcargs", {}).get("space")
    claim, consequence = claim_of(item), KNOWN.get(claim_of(item))
    if arm_of(item) in ("", "real") or consequence is None:
        result = yield
        if isinstance(space, Workspace):
            _compare(item, claim, space)
        return result
    try:
        yield
        if isinstance(space, Workspace):
            _compare(item, claim, space)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what known.py says
        item.user_properties.append(("known", str(error)[:500]))
        return None
    pytest.fail(f"{claim} no longer differs from the real server: take it out of known.py ({consequence})")


def _compare(item: pytest.Item, claim: str, space: Workspace) -> None:
    if space.face.name == "real" and item.config.getoption("--record"):
        recording.keep(claim, space.face.exchanges)
    elif found := recording.differences(claim, space.face.exchanges, space.shown):
        raise AssertionError("the real server said something else:\n" + "\n".join(found))


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.when == "setup" and arm_of(item):
        section = item.get_closest_marker("section")
        row = " ".join(str(part) for part in section.args) if section else ""
        item.user_properties.append(("claim", [claim_of(item), arm_of(item), row]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    path = config.getoption("--claims-to")
    if not path:
        return
    rows = []
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(getattr(report, "user_properties", ()))
            if "claim" in properties and (report.when == "call" or outcome != "passed"):
                claim, arm, section = properties["claim"]
                result = "known" if "known" in properties else outcome
                rows.append({"claim": claim, "arm": arm, "section": section, "result": result})
    Path(path).write_text(json.dumps(rows, indent=1))
