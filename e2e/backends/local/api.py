"""A small synchronous client of the real API server for the test process, which lives in another network namespace.

A socket belongs to the namespace in which it was made, whoever uses it later. So the thread steps into the fabric, makes
the connection, and steps out again: real TLS to the real API server, without a proxy in between.
"""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from e2e.backends.local.wires import API_ADDRESS, inside


class ApiError(Exception):
    """The API server refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """The API server as the cluster's administrator sees it."""

    def __init__(self, netns: Path, pki: Path) -> None:
        self._netns = netns
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def request(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Any:
        """One request on a connection of its own; the decoded answer.

        Raises:
            ApiError: the answer is an error.
            OSError: there was no answer.
        """
        connection = http.client.HTTPSConnection(API_ADDRESS, 443, context=self._context, timeout=30)
        try:
            with inside(self._netns):
                connection.connect()
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content_type})
            response = connection.getresponse()
            data = response.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise ApiError(response.status, _message(data))
        return (
            json.loads(data) if response.getheader("Content-Type", "").startswith("application/json") else data.decode()
        )

    def get(self, path: str) -> Any:
        """GET; None where there is no such object."""
        try:
            return self.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path: str, body: Any) -> bool:
        """POST; False where the object was there already."""
        try:
            self.request("POST", path, body)
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True

    def ready(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except ApiError:
            return False


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace")
