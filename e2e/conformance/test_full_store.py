"""A store that has no space left: what is read and deleted goes on, what is written is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.6 etcd trouble")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
SAYS = "etcdserver: mvcc: database space exceeded"


@contextmanager
def _full(space: Workspace) -> Iterator[None]:
    space.face.fill_store(full=True)
    try:
        yield
    finally:
        space.face.fill_store(full=False)


def _no_space(answer: Answer) -> bool:
    return answer.status == 500 and SAYS in answer.body["message"]


def _made(space: Workspace, **metadata: Any) -> str:
    space.face.send("POST", space.path("configmaps"), configmap("a", {"x": "1"}, **metadata))
    return space.path("configmaps", "a")


def test_nothing_can_be_created(space: Workspace) -> None:
    with _full(space):
        assert _no_space(space.face.send("POST", space.path("configmaps"), configmap("a")))
        assert _no_space(space.face.send("POST", space.path("configmaps"), {"metadata": {"generateName": "a-"}}))
        assert _no_space(space.face.send("POST", space.path("widgets"), widget("w")))
        body = {"metadata": {"name": "e"}, "involvedObject": {"namespace": space.namespace}}
        assert _no_space(space.face.send("POST", space.path("events"), body))
    assert space.face.send("GET", space.path("configmaps", "a")).status == 404
    assert space.face.send("POST", space.path("configmaps"), configmap("a")).status == 201


def test_not_even_that_a_name_is_taken_is_told(space: Workspace) -> None:
    _made(space)
    with _full(space):
        assert _no_space(space.face.send("POST", space.path("configmaps"), configmap("a")))


def test_what_is_only_tried_is_answered(space: Workspace) -> None:
    path = _made(space)
    with _full(space):
        dry = {"dryRun": "All"}
        assert space.face.send("POST", space.path("configmaps"), configmap("b"), query=dry).status == 201
        patch = {"data": {"x": "2"}}
        assert space.face.send("PATCH", path, patch, content_type=MERGE, query=dry).status == 200


def test_nothing_can_be_changed(space: Workspace) -> None:
    path = _made(space)
    space.face.send("POST", space.path("widgets"), widget("w"))
    with _full(space):
        assert _no_space(space.face.send("PUT", path, configmap("a", {"x": "2"})))
        assert _no_space(space.face.send("PATCH", path, {"data": {"x": "2"}}, content_type=MERGE))
        status = space.path("widgets", "w", "status")
        assert _no_space(space.face.send("PATCH", status, {"status": {"seen": 1}}, content_type=MERGE))
    assert space.face.send("GET", path).body["data"] == {"x": "1"}


def test_a_change_that_changes_nothing_is_done(space: Workspace) -> None:
    path = _made(space)
    with _full(space):
        assert space.face.send("PUT", path, configmap("a", {"x": "1"})).status == 200


def test_a_conflict_is_told_first(space: Workspace) -> None:
    path = _made(space)
    with _full(space):
        assert space.face.send("PUT", path, configmap("a", resourceVersion="1")).refusal == (409, "Conflict")


def test_what_is_there_can_be_read_and_deleted(space: Workspace) -> None:
    path = _made(space)
    space.face.send("POST", space.path("widgets"), widget("w"))
    with _full(space):
        assert space.face.send("GET", path).status == 200
        assert space.face.send("GET", space.path("configmaps")).status == 200
        assert space.face.send("DELETE", path).status == 200
        assert space.face.send("DELETE", space.path("widgets")).status == 200
    assert space.face.send("GET", space.path("widgets", "w")).status == 404


def test_what_waits_for_a_finalizer_can_go_and_cannot_be_marked(space: Workspace) -> None:
    path = _made(space, finalizers=["conformance.test/one"])
    with _full(space):
        assert _no_space(space.face.send("DELETE", path))
    assert "deletionTimestamp" not in space.face.send("GET", path).metadata
    space.face.send("DELETE", path)
    with _full(space):
        free = {"metadata": {"finalizers": None}}
        assert space.face.send("PATCH", path, free, content_type=MERGE).status == 200
    assert space.face.send("GET", path).status == 404


def test_a_namespace_cannot_be_deleted(space: Workspace) -> None:
    with _full(space):
        assert _no_space(space.face.send("DELETE", f"/api/v1/namespaces/{space.namespace}"))
    assert "deletionTimestamp" not in space.face.send("GET", f"/api/v1/namespaces/{space.namespace}").metadata
