"""Asking admission webhooks over HTTPS, as an API server does."""

import asyncio
import binascii
import os
import ssl
from base64 import b64decode
from typing import Any

import aiohttp

Json = dict[str, Any]


class WebhookCalls:
    """The ``CallWebhook`` of a server that runs on a real loop: ``call`` asks one."""

    def __init__(self) -> None:
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def call(self, client_config: Json, review: Json) -> Json:
        """The answer of the webhook that ``client_config`` describes.

        Raises:
            ConnectionError: it cannot be reached, or answers with something else than 200.
            ValueError: its answer is no JSON, or its certificate authority cannot be read.
        """
        url = client_config.get("url")
        if not url:
            service = client_config.get("service") or {}
            raise ConnectionError(f'service "{service.get("name", "")}" not found')
        try:
            async with self._session(client_config.get("caBundle", "")).post(url, json=review) as answer:
                if answer.status != 200:
                    raise ConnectionError(f"the server responded with the status code {answer.status}")
                found: Json = await answer.json(content_type=None)
                return found
        except aiohttp.ClientConnectorCertificateError as error:
            raise ConnectionError(f"tls: failed to verify certificate: {error.certificate_error}") from error
        except aiohttp.ClientConnectorError as error:
            place = f"{error.host}:{error.port}"
            raise ConnectionError(f"dial tcp {place}: connect: {_said(error.os_error)}") from error
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error) or "EOF") from error

    def _session(self, bundle: str) -> aiohttp.ClientSession:
        session = self._sessions.get(bundle)
        if session is None:
            context = ssl.create_default_context()
            if bundle:
                try:
                    context = ssl.create_default_context(cadata=b64decode(bundle).decode())
                except (ssl.SSLError, binascii.Error, UnicodeDecodeError) as error:
                    raise ValueError(f"unable to load root certificates: {error}") from error
            timeout = aiohttp.ClientTimeout(total=None)  # the server bounds the whole call
            connector = aiohttp.TCPConnector(ssl=context)
            session = self._sessions[bundle] = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return session

    async def close(self) -> None:
        """Drop the connections."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
        self._sessions.clear()


def _said(error: OSError) -> str:
    """What the operating system says, without its number."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
