"""Every answer that is no success becomes the error that tells the caller what may have happened."""

import json
from typing import Any

import pytest

from spiderpool.kube import errors
from spiderpool.kube.status import error_of, error_of_silence


def status(code: int, reason: str = "", **details: Any) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": "why",
        "details": details,
    }


@pytest.mark.parametrize(
    ("code", "reason", "of_a_read", "of_a_write"),
    [
        (400, "BadRequest", errors.Invalid, errors.Invalid),
        (401, "Unauthorized", errors.Forbidden, errors.Forbidden),
        (403, "Forbidden", errors.Forbidden, errors.Forbidden),
        (404, "NotFound", errors.NotFound, errors.NotFound),
        (405, "MethodNotAllowed", errors.Invalid, errors.Invalid),
        (408, "", errors.Unavailable, errors.UnknownOutcome),
        (409, "AlreadyExists", errors.AlreadyExists, errors.AlreadyExists),
        (409, "Conflict", errors.Conflict, errors.Conflict),
        (409, "", errors.Conflict, errors.Conflict),
        (410, "Expired", errors.Expired, errors.Expired),
        (413, "RequestEntityTooLarge", errors.Invalid, errors.Invalid),
        (422, "Invalid", errors.Invalid, errors.Invalid),
        (429, "TooManyRequests", errors.TooManyRequests, errors.TooManyRequests),
        (500, "InternalError", errors.Unavailable, errors.UnknownOutcome),
        (502, "", errors.Unavailable, errors.UnknownOutcome),
        (503, "ServiceUnavailable", errors.Unavailable, errors.UnknownOutcome),
        (504, "Timeout", errors.Unavailable, errors.UnknownOutcome),
        (302, "", errors.Unavailable, errors.UnknownOutcome),
    ],
)
def test_a_status_code_becomes_the_error_of_its_row(
    code: int, reason: str, of_a_read: type[errors.KubeError], of_a_write: type[errors.KubeError]
) -> None:
    body = status(code, reason)

    assert type(error_of(code, body, write=False)) is of_a_read
    assert type(error_of(code, body, write=True)) is of_a_write
    assert type(error_of(code, json.dumps(body).encode(), write=True)) is of_a_write


def test_the_message_says_code_reason_and_why() -> None:
    assert str(error_of(404, status(404, "NotFound"), write=False)) == "404 NotFound: why"


def test_an_invalid_object_names_the_fields_that_were_refused() -> None:
    body = status(422, "Invalid", causes=[{"field": "spec.ips", "message": "outside", "reason": "FieldValueInvalid"}])

    error = error_of(422, body, write=True)

    assert isinstance(error, errors.Invalid)
    assert error.causes == (errors.Cause("spec.ips", "outside"),)


def test_an_overloaded_server_says_when_to_come_again_and_its_header_counts_most() -> None:
    body = status(429, "TooManyRequests", retryAfterSeconds=7)

    def delay(error: errors.KubeError) -> float:
        assert isinstance(error, errors.TooManyRequests)
        return error.retry_after_seconds

    assert delay(error_of(429, body, write=True)) == 7
    assert delay(error_of(429, body, write=True, retry_after_seconds=3)) == 3
    assert delay(error_of(429, None, write=True)) == 1


@pytest.mark.parametrize(
    "body", [None, b"", b"<html>bad gateway</html>", b"[]", b'{"details": 5}', {"reason": 5}, b'{"details": null}']
)
def test_a_body_that_is_no_status_object_still_gives_the_error_of_its_code(body: Any) -> None:
    assert type(error_of(502, body, write=True)) is errors.UnknownOutcome


def test_a_long_page_of_a_proxy_is_cut_in_the_message() -> None:
    assert len(str(error_of(502, b"x" * 10_000, write=False))) < 600


@pytest.mark.parametrize(
    ("cause", "of_a_write"),
    [
        (ConnectionRefusedError("refused"), errors.Unavailable),
        (ConnectionResetError("reset"), errors.UnknownOutcome),
        (ConnectionError("lost"), errors.UnknownOutcome),
        (TimeoutError(), errors.UnknownOutcome),
    ],
)
def test_only_a_refused_connection_proves_that_a_write_did_not_happen(
    cause: Exception, of_a_write: type[errors.KubeError]
) -> None:
    assert type(error_of_silence(cause, write=True)) is of_a_write
    assert type(error_of_silence(cause, write=False)) is errors.Unavailable
