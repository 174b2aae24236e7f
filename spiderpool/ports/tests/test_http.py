"""Requests and answers as values."""

import pytest

from spiderpool.ports.http import Request, Response, json_response


def test_a_json_answer_says_what_it_is() -> None:
    assert json_response({"ready": True}, 503) == Response(
        status=503, headers={"content-type": "application/json"}, body=b'{"ready":true}'
    )


def test_requests_do_not_share_their_empty_headers() -> None:
    one, other = Request(method="GET", path="/"), Request(method="GET", path="/")
    assert one == other
    assert one.headers is not other.headers


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Request(method="GET", path="/").path = "/other"  # type: ignore[misc]
