"""The OpenAPI document in protobuf: written here, read with the reader of bodies."""

from simulator.face.openapi_protobuf import encoded_document, wants_protobuf
from simulator.kube.protobuf_wire import fields_of_message

SCHEMA = {
    "type": "object",
    "required": ["size"],
    "properties": {"size": {"type": "integer", "minimum": 1.5, "maxLength": 300, "nullable": True}},
    "additionalProperties": False,
    "x-kubernetes-group-version-kind": [{"kind": "Widget"}],
}
DOCUMENT = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "1.37"},
    "definitions": {"test.Widget": SCHEMA},
}


def test_a_document_is_written_field_by_field() -> None:
    fields = dict(fields_of_message(encoded_document(DOCUMENT)))
    assert fields[1] == b"2.0"
    assert dict(fields_of_message(fields[2])) == {1: b"Kubernetes", 2: b"1.37"}
    (named,) = dict(fields_of_message(fields[9])).values()
    entry = dict(fields_of_message(named))
    assert entry[1] == b"test.Widget"
    schema = dict(fields_of_message(entry[2]))
    assert schema[19] == b"size"
    assert dict(fields_of_message(schema[21])) == {2: 0}
    assert dict(fields_of_message(schema[22])) == {1: b"object"}
    assert b"x-kubernetes-group-version-kind" in schema[31]
    (size,) = dict(fields_of_message(schema[25])).values()
    member = dict(fields_of_message(dict(fields_of_message(size))[2]))
    assert member[11] == 300
    assert set(member) == {9, 11, 22}


def test_only_the_document_of_version_2_is_had_in_protobuf() -> None:
    accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    assert wants_protobuf("/openapi/v2", accept)
    assert not wants_protobuf("/openapi/v3", accept)
    assert not wants_protobuf("/openapi/v2", "application/json")
