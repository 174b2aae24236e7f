"""Lists in pages: limit, continue, the snapshot that they are of, and what becomes of tokens."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

Json = dict[str, Any]
TOKENS = {
    "no-base64": "x!",
    "cut-off": "eyJ9",
    "a-list": "[]",
    "another-version": '{"v":"v2","rv":1,"start":"b\\u0000"}',
    "no-revision": '{"v":"meta.k8s.io/v1","start":"b\\u0000"}',
    "no-key": '{"v":"meta.k8s.io/v1","rv":5,"start":""}',
    "a-way-up": '{"v":"meta.k8s.io/v1","rv":5,"start":"../a"}',
    "the-future": '{"v":"meta.k8s.io/v1","rv":100000000,"start":"b\\u0000"}',
}


def _names(body: Json) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


def _fill(space: Workspace, plural: str = "widgets", names: str = "abcd") -> str:
    for name in names:
        made = widget(name, labels={"x": "1"}) if plural == "widgets" else configmap(name, {"k": name})
        space.bare.send("POST", space.path(plural), made)
    return space.path(plural)


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_pages_together_are_the_list(space: Workspace, plural: str) -> None:
    path, seen, token = _fill(space, plural), [], ""
    for left in (3, 2, 1, None):
        query = {"limit": "1", **({"continue": token} if token else {})}
        page = space.face.send("GET", path, query=query).body
        seen += _names(page)
        assert page["metadata"].get("remainingItemCount") == left
        token = page["metadata"].get("continue", "")
    assert (seen, token) == (["a", "b", "c", "d"], "")


def test_a_limit_that_is_not_reached_makes_no_token(space: Workspace) -> None:
    for limit in ("4", "5", "0", "-1"):
        page = space.face.send("GET", _fill(space), query={"limit": limit})
        assert (len(page.body["items"]), page.metadata.get("continue", "")) == (4, "")


def test_a_limit_must_be_a_number(space: Workspace) -> None:
    for limit in ("x", "1.5", "99999999999999999999"):
        assert space.face.send("GET", space.path("widgets"), query={"limit": limit}).refusal == (400, "BadRequest")


def test_the_rest_can_be_asked_for_at_once(space: Workspace) -> None:
    path = _fill(space)
    token = space.face.send("GET", path, query={"limit": "1"}).metadata["continue"]
    assert _names(space.face.send("GET", path, query={"continue": token}).body) == ["b", "c", "d"]


def test_with_selectors_nobody_counts_the_rest(space: Workspace) -> None:
    path = _fill(space)
    for selector in ({"labelSelector": "x=1"}, {"fieldSelector": "metadata.name!=d"}):
        page = space.face.send("GET", path, query={"limit": "2", **selector})
        assert "remainingItemCount" not in page.metadata
        rest = space.face.send("GET", path, query={"limit": "1", "continue": page.metadata["continue"], **selector})
        assert _names(rest.body) == ["c"]


def test_pages_of_all_namespaces_go_on_where_they_ended(space: Workspace) -> None:
    for name in ("a", "b"):
        space.bare.send("POST", space.path("widgets"), widget(name, labels={"paged": "everywhere"}))
    space.bare.send("POST", space.path("widgets"), widget("c"))  # for it, the server promises another page
    query = {"labelSelector": "paged=everywhere", "limit": "1"}
    path = "/apis/conformance.test/v1/widgets"
    first = space.face.send("GET", path, query=query)
    second = space.face.send("GET", path, query={**query, "continue": first.metadata["continue"]})
    assert _names(first.body) + _names(second.body) == ["a", "b"]


def test_a_page_is_asked_for_without_a_version(space: Workspace) -> None:
    path = _fill(space)
    page = space.face.send("GET", path, query={"limit": "1"})
    query = {"continue": page.metadata["continue"], "limit": "1"}
    refused = space.face.send("GET", path, query={**query, "resourceVersion": page.revision})
    assert refused.refusal == (400, "BadRequest")
    unbound = space.face.send("GET", path, query={**query, "resourceVersion": "0"})
    assert _names(unbound.body) == ["b", "c", "d"]
    exact = space.face.send("GET", path, query={**query, "resourceVersionMatch": "Exact"})
    assert exact.refusal == (422, "Invalid")


def test_a_limit_does_not_bind_a_list_of_any_version(space: Workspace) -> None:
    path = _fill(space)
    space.face.until(
        lambda: len(space.bare.send("GET", path, query={"resourceVersion": "0"}).body["items"]) == 4,
    )
    page = space.face.send("GET", path, query={"limit": "1", "resourceVersion": "0"})
    assert _names(page.body) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_that_is_made_up_is_refused(space: Workspace, case: str) -> None:
    text = TOKENS[case]
    token = urlsafe_b64encode(text.encode()).decode().rstrip("=") if text[0] in "[{" else text
    refused = space.face.send("GET", space.path("widgets"), query={"continue": token, "limit": "1"})
    assert refused.status == (504 if case == "the-future" else 400)


def test_a_snapshot_that_is_no_longer_kept_has_expired(space: Workspace) -> None:
    path = _fill(space)
    page = space.face.send("GET", path, query={"limit": "2"})
    for size in (2, 3):
        space.bare.send("PATCH", path + "/d", {"spec": {"size": size}}, content_type="application/merge-patch+json")
    space.face.compact()
    query = {"continue": _of_the_beginning(space), "limit": "2"}
    gone = space.face.send("GET", path, query=query)
    assert gone.refusal == (410, "Expired")
    assert gone.metadata["continue"]
    rest = space.face.send("GET", path, query={"continue": gone.metadata["continue"], "limit": "2"})
    assert _names(rest.body) == ["c", "d"]
    assert int(rest.revision) > int(page.revision)


def _of_the_beginning(space: Workspace) -> str:
    """A token of a snapshot that no server keeps any more, after b."""
    return urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":1,"start":"/b\\u0000"}').decode().rstrip("=")


def test_a_version_that_is_no_longer_kept_cannot_be_asked_for_exactly(space: Workspace) -> None:
    path = _fill(space)
    space.face.compact()
    gone = space.face.send("GET", path, query={"resourceVersion": "1", "resourceVersionMatch": "Exact"})
    assert gone.refusal == (410, "Expired")
