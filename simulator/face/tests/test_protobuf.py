"""Bodies in protobuf, put together by hand; what a Go program writes is in the conformance suite."""

import pytest

from simulator.face.bodies import read_body
from simulator.face.protobuf import MAGIC, read_protobuf
from simulator.kube.api import Unreadable
from simulator.kube.protobuf_wire import Malformed


def _part(number: int, content: bytes | str | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = b""
    while value > 0x7F:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def _body(version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + _part(1, _part(1, version) + _part(2, kind)) + _part(2, raw)


METADATA = _part(1, _part(1, "one") + _part(2, "") + _part(7, 0) + _part(8, b""))


def test_fields_that_json_leaves_out_are_left_out() -> None:
    data = _body("v1", "ConfigMap", METADATA + _part(2, _part(1, "a") + _part(2, "b")))
    assert read_protobuf(data) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one"},
        "data": {"a": "b"},
    }


def test_bytes_are_written_in_base64() -> None:
    data = _body("v1", "Secret", METADATA + _part(2, _part(1, "word") + _part(2, b"\xff\x00")))
    assert read_protobuf(data)["data"] == {"word": "/wA="}


def test_a_pointer_to_zero_is_kept_and_a_negative_number_is_one() -> None:
    spec = _part(1, 0) + _part(5, -1)
    assert read_protobuf(_body("apps/v1", "Deployment", METADATA + _part(2, spec)))["spec"] == {
        "replicas": 0,
        "minReadySeconds": -1,
    }


def test_a_message_without_a_name_is_written_into_the_one_around_it() -> None:
    volume = _part(1, "settings") + _part(2, _part(19, _part(1, _part(1, "one"))))
    spec = read_protobuf(_body("v1", "Pod", METADATA + _part(2, _part(1, volume))))["spec"]
    assert spec["volumes"] == [{"name": "settings", "configMap": {"name": "one"}}]


@pytest.mark.parametrize(
    ("number", "text"),
    [(b"", None), (_part(1, 0) + _part(2, 5000), "1970-01-01T00:00:00.000005Z"), (_part(1, -62135596800), None)],
)
def test_a_moment_is_text_and_the_zero_time_is_none(number: bytes, text: str | None) -> None:
    spec = read_protobuf(_body("coordination.k8s.io/v1", "Lease", METADATA + _part(2, _part(3, number))))["spec"]
    assert spec.get("acquireTime") == text


def test_options_of_a_deletion_are_the_same_in_every_group() -> None:
    data = _body("apps/v1", "DeleteOptions", _part(1, 0) + _part(4, "Orphan"))
    assert read_protobuf(data) == {
        "apiVersion": "apps/v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Orphan",
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty data"),
        (b"{}", r"expected prefix \[107 56 115 0\]"),
        (MAGIC, "empty body"),
        (_body("v1", "ConfigMap", METADATA)[:-2], "unexpected EOF"),
        (_body("v1", "Nothing", METADATA), 'no kind "Nothing"'),
        (_body("v1", "ConfigMap", b"\x08\x01"), "wrong wireType"),
        (_body("v1", "ConfigMap", b"\x0f\x01"), "illegal wireType 7"),
        (_body("v1", "ConfigMap", b"\x00\x01"), "illegal tag 0"),
        (_body("v1", "ConfigMap", b"\x80"), "unexpected EOF"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_protobuf(data)
    assert isinstance(read_body(data, "POST", "application/vnd.kubernetes.protobuf"), Unreadable)
