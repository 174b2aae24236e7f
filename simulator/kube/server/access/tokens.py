"""Tokens of service accounts: made in the form of the real ones, and good for nothing but to be looked at.

The signature is a digest, as nobody here checks it against a key: who asks the simulated server is told to it by the
face. Everything that a client reads in a token is there: subject, audience, times.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import msgspec

from simulator.kube.api_time import api_time
from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.refusals import Refusal, bad_request, invalid
from simulator.kube.server.routes import Route

Json = dict[str, Any]

AUDIENCE = "https://kubernetes.default.svc"
HOUR_SECONDS, LEAST_SECONDS, MOST_SECONDS = 3600, 600, 1 << 32


def token_request(account: Json, body: Any, route: Route, now: float) -> Json:
    """The answer to POST /token.

    Raises:
        Refusal: 400 another name; 422 a duration that is none.
    """
    given = body if isinstance(body, dict) else {}
    named = (given.get("metadata") or {}).get("name", "")
    if named and named != route.name:
        raise bad_request("name in URL does not match name in TokenRequest object")
    spec = given.get("spec") or {}
    seconds = spec.get("expirationSeconds") or HOUR_SECONDS
    _check(seconds)
    metadata = account["metadata"]
    audiences = spec.get("audiences") or [AUDIENCE]
    claims = {
        "aud": audiences,
        "exp": int(now) + seconds,
        "iat": int(now),
        "iss": AUDIENCE,
        "kubernetes.io": {
            "namespace": metadata["namespace"],
            "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
        },
        "nbf": int(now),
        "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
    }
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "creationTimestamp": api_time(now),
        },
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": _signed(claims), "expirationTimestamp": api_time(now + seconds)},
    }


def _check(seconds: int) -> None:
    why = ""
    if seconds < LEAST_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > MOST_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        refused: Refusal = invalid(
            "authentication.k8s.io", "TokenRequest", "", [invalid_value("spec.expirationSeconds", seconds, why)]
        )
        raise refused


def _signed(claims: Json) -> str:
    parts = [_encoded(msgspec.json.encode(part)) for part in ({"alg": "RS256", "kid": "simulated"}, claims)]
    return ".".join([*parts, _encoded(sha256(".".join(parts).encode()).digest())])


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
