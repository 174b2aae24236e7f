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


YAMLS: dict[str, tuple[str, str]] = {
    "configmap": (
        "configmaps",
        """apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  name: b
  labels:
    x: u
    x: z
  labels:
    v: w
data:
  x: "1"
  x: |
    2
  x:
    "3"
nope:
  1: 2
  1: 3
  true: 1
  true: 2
""",
    ),
    "widget": (
        "widgets",
        """apiVersion: conformance.test/v1
kind: Widget
metadata: {name: w, name: v}
spec:
  size: 1
  nope: 3
  size: 2
""",
    ),
    "once": ("configmaps", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {x: z}\n"),
}


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
@pytest.mark.parametrize("case", YAMLS)
def test_a_key_twice_in_yaml_is_told_of_by_its_line(space: Workspace, case: str, validation: str) -> None:
    plural, body = YAMLS[case]
    asked = f"?dryRun=All&fieldValidation={validation}"
    answer = space.face.raw("POST", space.path(plural) + asked, body.encode(), Content_Type="application/yaml")
    assert answer.status == (400 if validation == "Strict" and case != "once" else 201)


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
@pytest.mark.parametrize("text", ["yaml", "json"])
def test_a_key_twice_in_what_is_applied_is_told_of(space: Workspace, text: str, validation: str) -> None:
    body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","x":"2","x":"3"}}'
    if text == "yaml":
        body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n  x: "2"\n'
    path = space.path("configmaps", "a") + f"?dryRun=All&fieldManager=m&fieldValidation={validation}"
    answer = space.face.raw("PATCH", path, body.encode(), Content_Type="application/apply-patch+yaml")
    assert answer.status == (400 if validation == "Strict" else 201)


OPERATIONS: dict[str, str] = {
    "twice": '[{"op":"add","op":"replace","path":"/data/k","value":"2","value":"3"}]',
    "unknown": '[{"op":"add","path":"/data/x","value":"1"},{"op":"add","path":"/data/y","value":"2","foo":1,"bar":2}]',
    "both": '[{"op":"add","path":"/data/y","path":"/data/x","value":"2"},{"op":"add","path":"/nope","value":1,"foo":1}]',
}


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
@pytest.mark.parametrize("case", OPERATIONS)
def test_an_operation_with_fields_twice_or_unknown_is_told_of(space: Workspace, case: str, validation: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    path = space.path("configmaps", "a") + f"?dryRun=All&fieldValidation={validation}"
    data = OPERATIONS[case].encode()
    answer = space.face.raw("PATCH", path, data, Content_Type="application/json-patch+json")
    assert answer.status == (422 if validation == "Strict" else 200)


MAPS: dict[str, tuple[str, str]] = {
    "configmap": (
        "configmaps",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","z":"1"},"data":{"y":"1","z":"2"}}',
    ),
    "metadata": (
        "configmaps",
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"a":"b"}},"metadata":{"labels":{"c":"d"}}}',
    ),
    "widget": (
        "widgets",
        (
            '{"apiVersion":"conformance.test/v1","kind":"Widget","metadata":{"name":"a"},'
            '"spec":{"size":1,"since":3},"spec":{"size":2}}'
        ),
    ),
}


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
@pytest.mark.parametrize("case", MAPS)
def test_a_map_twice_is_merged_where_it_has_a_type(space: Workspace, case: str, validation: str) -> None:
    plural, body = MAPS[case]
    path = space.path(plural) + f"?dryRun=All&fieldValidation={validation}"
    answer = space.face.raw("POST", path, body.encode(), Content_Type="application/json")
    assert answer.status == (400 if validation == "Strict" else 201)
