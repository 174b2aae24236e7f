"""Sends a request to a server on loopback, and says what every answer to it has to be.

What is refused is told by a Status with the code of the answer (or by the text that the real server has for paths of
nobody), and an answer comes before the prober's patience ends.
"""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

NOBODYS = "404 page not found\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = ""


@dataclass(slots=True, kw_only=True)
class Prober:
    """Sends, and looks at what comes back; ``answers`` counts the statuses."""

    port: int
    token: str
    patience_seconds: float = 20.0
    answers: dict[int, int] = field(default_factory=dict)
    _connection: http.client.HTTPSConnection | None = None

    def ask(self, sent: Sent) -> Any:
        """The answer.

        Raises:
            AssertionError: it is not what every answer must be.
            TimeoutError: there was none.
        """
        response, text = self._exchange(sent)
        self.answers[response.status] = self.answers.get(response.status, 0) + 1
        body = json.loads(text) if text.startswith(b"{") else text.decode(errors="replace")
        if response.status >= 300 and body != NOBODYS:
            assert isinstance(body, dict), f"{sent}: {response.status} {text[:300]!r}"
            assert body.get("kind") == "Status", f"{sent}: {response.status} {text[:300]!r}"
            assert (body["status"], body["code"]) == ("Failure", response.status), f"{sent}: {text[:300]!r}"
            assert body.get("message"), f"{sent}: {text[:300]!r}"
        return body

    def _exchange(self, sent: Sent) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if sent.content_type:
            headers["Content-Type"] = sent.content_type
        if self._connection is None:
            context = ssl._create_unverified_context()  # noqa: SLF001  its certificate is its own, on loopback
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=context, timeout=self.patience_seconds
            )
        try:
            self._connection.request(sent.method, sent.path, sent.body, headers)
            response = self._connection.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()  # the next request is not to suffer for it
            raise
        if response.getheader("Transfer-Encoding") == "chunked":  # a watch: that it has begun is enough
            self.close()
            return response, b"a watch"
        return response, response.read()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
