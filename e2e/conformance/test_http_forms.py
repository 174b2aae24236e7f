"""What HTTP requests may look like, and what is said of those that cannot be understood."""

import pytest

from e2e.conformance.conftest import Workspace

pytestmark = [pytest.mark.section("C.6 HTTP"), pytest.mark.over_http]

JSON, YAML, MERGE = "application/json", "application/yaml", "application/merge-patch+json"

MALFORMED = {
    "nothing": b"",
    "blanks": b" ",
    "half an object": b'{"apiVersion":',
    "half of a long object": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a-long-name"',
    "list": b"[]",
    "text": b'"x"',
    "number": b"5",
    "bytes": b"\xff\xfe",
    "two values": b"{} {}",
    "brace too many": b'{"a":1}}',
    "no colon": b'{"a" 1}',
    "no quotes": b"{a:1}",
    "comma at the end": b'{"a":1,}',
    "comma at the end of a list": b'{"a":[1,]}',
    "no comma": b'{"a":1 "b"}',
    "no comma in a list": b"[1 2]",
    "half a word": b'{"a":tru}',
    "zero in front": b'{"a":01}',
    "minus alone": b'{"a":-}',
    "point without digits": b'{"a":1.}',
    "control character": b'{"a":"\x01"}',
    "unknown escape": b'{"a":"\\q"}',
    "kind that is no text": b'{"kind":7}',
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_body_that_is_no_object_in_json_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.raw("POST", space.path("configmaps"), MALFORMED[case], Content_Type=JSON)
    assert answer.refusal == (400, "BadRequest")


@pytest.mark.parametrize("case", ["half an object", "list", "bytes"])
def test_a_malformed_custom_resource_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.raw("POST", space.path("widgets"), MALFORMED[case], Content_Type=JSON)
    assert answer.refusal == (400, "BadRequest")


def test_a_body_without_a_content_type_is_json(space: Workspace) -> None:
    answer = space.face.raw("POST", space.path("configmaps"), b'{"metadata":{"name":"a"}}')
    assert answer.status == 201


def test_a_content_type_may_have_parameters(space: Workspace) -> None:
    path = space.path("configmaps")
    answer = space.face.raw("POST", path, b'{"metadata":{"name":"a"}}', Content_Type=f"{JSON}; charset=utf-8")
    assert answer.status == 201


def test_an_object_may_come_as_yaml(space: Workspace) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\ndata:\n  a: '1'\n"
    answer = space.face.raw("POST", space.path("configmaps"), text, Content_Type=YAML)
    assert answer.body["data"] == {"a": "1"}


@pytest.mark.parametrize("text", ["kind: [", "a: b\n\tc: d", "just words", "- a\n- b"])
def test_malformed_yaml_is_refused(space: Workspace, text: str) -> None:
    answer = space.face.raw("POST", space.path("configmaps"), text.encode(), Content_Type=YAML)
    assert answer.refusal == (400, "BadRequest")


@pytest.mark.parametrize("kind", ["text/plain", ";;;", "application/xml"])
def test_a_body_of_another_type_is_refused(space: Workspace, kind: str) -> None:
    answer = space.face.raw("POST", space.path("configmaps"), b"{}", Content_Type=kind)
    assert answer.refusal == (415, "UnsupportedMediaType")


def test_a_patch_says_what_it_is(space: Workspace) -> None:
    path = space.path("configmaps", "a")
    space.face.raw("POST", space.path("configmaps"), b'{"metadata":{"name":"a"}}')
    assert space.face.raw("PATCH", path, b"{}", Content_Type=JSON).refusal == (415, "UnsupportedMediaType")
    assert space.face.raw("PATCH", path, b"{}").refusal == (415, "UnsupportedMediaType")
    assert space.face.raw("PATCH", path, b"{", Content_Type=MERGE).refusal == (400, "BadRequest")
    assert space.face.raw("PATCH", path, b"", Content_Type=MERGE).refusal == (400, "BadRequest")
    broken = space.face.raw("PATCH", f"{path}?fieldManager=x", b"a: [", Content_Type="application/apply-patch+yaml")
    assert broken.refusal == (400, "BadRequest")


def test_options_of_a_delete_are_read_before_the_object_is_looked_for(space: Workspace) -> None:
    path = space.path("configmaps", "none")
    assert space.face.raw("DELETE", path, b'{"kind":', Content_Type=JSON).refusal == (400, "BadRequest")
    assert space.face.raw("DELETE", path, b"a: [", Content_Type=YAML).refusal == (400, "BadRequest")
    assert space.face.raw("DELETE", path, b"{}", Content_Type="text/plain").refusal == (415, "UnsupportedMediaType")
    assert space.face.raw("DELETE", path).refusal == (404, "NotFound")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_beyond_three_mebibytes_is_refused(space: Workspace, method: str) -> None:
    path = space.path("configmaps", "" if method == "POST" else "a")
    body = b'{"data":{"a":"' + b"x" * (3 * 1024 * 1024) + b'"}}'
    answer = space.face.raw(method, path, body, Content_Type=JSON if method == "POST" else MERGE)
    assert answer.refusal == (413, "RequestEntityTooLarge")


def test_an_answer_may_be_had_as_yaml(space: Workspace) -> None:
    space.face.raw("POST", space.path("configmaps"), b'{"metadata":{"name":"a"},"data":{"x":"true","y":"2"}}')
    answer = space.face.raw("GET", space.path("configmaps", "a"), Accept=YAML)
    assert "name: a\n" in answer.body["text"]
    best = space.face.raw("GET", space.path("configmaps", "none"), Accept=f"{JSON};q=0.5,{YAML}")
    assert best.body["text"].startswith("apiVersion: v1\n")


@pytest.mark.parametrize("accept", ["text/html", "application/*", "image/png, text/plain;q=0.5"])
def test_an_answer_in_an_unknown_form_is_refused(space: Workspace, accept: str) -> None:
    assert space.face.raw("GET", space.path("configmaps"), Accept=accept).refusal == (406, "NotAcceptable")


def test_of_several_forms_one_that_is_known_is_taken(space: Workspace) -> None:
    for accept in ("text/html,*/*", f"text/html, {JSON}", f"application/vnd.kubernetes.protobuf;q=0.1,{JSON}"):
        assert space.face.raw("GET", space.path("configmaps", "none"), Accept=accept).status == 404


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "FOO", "PUT", "PATCH"])
def test_a_collection_knows_no_other_methods(space: Workspace, method: str) -> None:
    assert space.face.raw(method, space.path("configmaps")).refusal == (405, "MethodNotAllowed")


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_an_object_knows_no_other_methods(space: Workspace, method: str) -> None:
    answer = space.face.raw(method, space.path("configmaps", "a"), b"{}", Content_Type=JSON)
    assert answer.refusal == (405, "MethodNotAllowed")


def test_heads_alone_are_not_served(space: Workspace) -> None:
    assert space.face.raw("HEAD", space.path("configmaps")).status == 405


def test_of_a_parameter_that_is_repeated_the_first_counts(space: Workspace) -> None:
    for name in ("a", "b"):
        space.bare.send("POST", space.path("configmaps"), {"metadata": {"name": name}})
    path = space.path("configmaps")
    first = space.face.raw("GET", f"{path}?fieldSelector=metadata.name%3Da&fieldSelector=metadata.name%3Db")
    assert [item["metadata"]["name"] for item in first.body["items"]] == ["a"]


def test_a_name_may_be_escaped_in_the_path(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), {"metadata": {"name": "a"}})
    assert space.face.raw("GET", space.path("configmaps", "%61")).status == 200
    assert space.face.raw("GET", space.path("configmaps", "a%2Fb")).refusal == (404, "NotFound")


def test_the_server_says_that_it_lives(space: Workspace) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/healthz/ping"):
        assert space.face.raw("GET", path).body == {"text": "ok"}
    assert space.face.raw("POST", "/healthz").status == 200


def test_what_is_served_by_nobody_is_no_page(space: Workspace) -> None:
    for path in ("/nope", "/metrics/nope", "/apis/nope/v1/x"):
        assert space.face.raw("GET", path).body == {"text": "404 page not found\n"}


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_the_type_of_an_answer_says_which_form_of_discovery_it_is(space: Workspace, version: str) -> None:
    wanted = f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for accept in (wanted, f"{wanted},{JSON}", JSON):
        answer = space.face.raw("GET", "/api", Accept=accept, part=lambda body: {"kind": body["kind"]})
        assert answer.status in (200, 406)
