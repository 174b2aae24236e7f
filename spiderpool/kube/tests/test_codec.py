"""Typed objects and the JSON of the API."""

import json

import pytest

from spiderpool.kube import codec
from spiderpool.kube.port import WatchEvent
from spiderpool.resources.core import Pod, PodSpec, PodStatus
from spiderpool.resources.kinds import CLAIMS, PODS, STATEFUL_SETS
from spiderpool.resources.meta import ObjectMeta

POD = Pod(metadata=ObjectMeta(name="web-0", namespace="shop", uid="u1", resource_version="7"))


def test_an_encoded_object_says_what_it_is() -> None:
    core = json.loads(codec.encode(PODS, POD))
    grouped = json.loads(codec.encode(STATEFUL_SETS, STATEFUL_SETS.model(metadata=ObjectMeta(name="web"))))
    assert (core["apiVersion"], core["kind"]) == ("v1", "Pod")
    assert (grouped["apiVersion"], grouped["kind"]) == ("apps/v1", "StatefulSet")


def test_what_was_encoded_is_decoded_to_the_same_value() -> None:
    assert codec.decode(PODS, codec.encode(PODS, POD)) == POD
    assert codec.from_json(PODS, codec.to_json(PODS, POD)) == POD


def test_fields_that_no_model_names_are_skipped() -> None:
    body = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","managedFields":[{"manager":"x"}]},"spec":{"nodeName":"n1","volumes":[{}]},"status":{"phase":"Running"}}'
    expected = Pod(metadata=ObjectMeta(name="a"), spec=PodSpec(node_name="n1"), status=PodStatus(phase="Running"))
    assert codec.decode(PODS, body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[]", b'{"metadata":{"name":5}}', b"{}"])
def test_what_is_not_the_object_is_refused_with_its_kind_named(body: bytes) -> None:
    with pytest.raises(codec.Undecodable, match="not a Pod"):
        codec.decode(PODS, body)


def test_a_json_value_that_is_not_the_object_is_refused_with_its_kind_named() -> None:
    with pytest.raises(codec.Undecodable, match="not a SpiderIPAddress"):
        codec.from_json(CLAIMS, {"metadata": {"name": "10.0.0.1"}})


def test_a_page_has_items_a_revision_and_a_token_for_the_rest() -> None:
    page = codec.decode_page(
        PODS,
        b'{"kind":"PodList","metadata":{"resourceVersion":"9","continue":"abc"},"items":[{"metadata":{"name":"a"}}]}',
    )
    assert [pod.metadata.name for pod in page.items or ()] == ["a"]
    assert (page.metadata.resource_version, page.rest) == ("9", "abc")


def test_the_last_page_may_be_null_and_has_no_rest() -> None:
    page = codec.decode_page(PODS, b'{"metadata":{"resourceVersion":"9"},"items":null}')
    assert page.items is None
    assert page.rest == ""


def test_an_event_carries_the_object_and_its_revision() -> None:
    line = b'{"type":"MODIFIED","object":{"metadata":{"name":"web-0","resourceVersion":"12"}}}'
    event = codec.decode_event(PODS, line)
    assert isinstance(event, WatchEvent)
    assert event.type == "MODIFIED"
    assert event.object is not None
    assert event.object.metadata.name == "web-0"
    assert event.revision == "12"


def test_a_bookmark_is_read_without_the_fields_that_its_kind_demands() -> None:
    line = b'{"type":"BOOKMARK","object":{"kind":"SpiderIPAddress","metadata":{"resourceVersion":"40"}}}'
    event = codec.decode_event(CLAIMS, line)
    assert isinstance(event, WatchEvent)
    assert (event.type, event.object, event.revision) == ("BOOKMARK", None, "40")


def test_an_event_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(codec.Undecodable, match="not an event about a Pod: Invalid value 'RENAMED'"):
        codec.decode_event(PODS, b'{"type":"RENAMED","object":{}}')


def test_a_line_that_is_not_an_event_is_refused() -> None:
    with pytest.raises(codec.Undecodable, match="not an event about a Pod"):
        codec.decode_event(PODS, b'{"object":{}}')


def test_an_error_keeps_its_status_unread() -> None:
    event = codec.decode_event(PODS, b'{"object":{"kind":"Status","code":410},"type":"ERROR"}')
    assert isinstance(event, codec.Failure)
    assert json.loads(bytes(event.object))["code"] == 410
