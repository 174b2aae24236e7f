"""Fields that a body has twice: the last one counts, and fieldValidation says what becomes of the others."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = [pytest.mark.section("C.3 fieldValidation"), pytest.mark.over_http]

BODIES: dict[str, tuple[str, str]] = {
    "configmap": (
        "configmaps",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"},"data":{"x":"1","x":"2","x":"3"}}',
    ),
    "and-unknown": (
        "configmaps",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"},"nope":1,"nope":{"a":1,"a":2}}',
    ),
    "pod": (
        "pods",
        (
            '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":'
            '[{"name":"a","name":"b","image":"x","ports":[{"containerPort":1,"containerPort":2}]}]}}'
        ),
    ),
    "widget": (
        "widgets",
        '{"apiVersion":"conformance.test/v1","kind":"Widget","metadata":{"name":"w","name":"v"},"spec":{"size":1,"size":2}}',
    ),
    "once": ("configmaps", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","y":"1"}}'),
}


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore", "unsaid"])
@pytest.mark.parametrize("case", BODIES)
def test_a_field_twice_is_told_of(space: Workspace, case: str, validation: str) -> None:
    plural, body = BODIES[case]
    asked = "?dryRun=All" + ("" if validation == "unsaid" else f"&fieldValidation={validation}")
    answer = space.face.raw("POST", space.path(plural) + asked, body.encode(), Content_Type="application/json")
    assert answer.status == (400 if validation == "Strict" and case != "once" else 201)


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
@pytest.mark.parametrize("kind", ["merge", "strategic-merge"])
def test_a_field_twice_in_a_patch_is_told_of(space: Workspace, kind: str, validation: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    path = space.path("configmaps", "a") + f"?dryRun=All&fieldValidation={validation}"
    content = f"application/{kind}-patch+json"
    answer = space.face.raw("PATCH", path, b'{"data":{"x":"1","x":"2"}}', Content_Type=content)
    assert answer.status == (422 if validation == "Strict" else 200)


def test_a_field_twice_in_a_replacement_is_told_of(space: Workspace) -> None:
    made = space.bare.send("POST", space.path("widgets"), widget("a", {"size": 1}))
    body = (
        '{"apiVersion":"conformance.test/v1","kind":"Widget","metadata":{"name":"a","resourceVersion":"REV"},'
        '"spec":{"size":1,"size":2}}'
    ).replace("REV", made.revision)
    path = space.path("widgets", "a") + "?fieldValidation=Strict"
    assert space.face.raw("PUT", path, body.encode(), Content_Type="application/json").status == 400
