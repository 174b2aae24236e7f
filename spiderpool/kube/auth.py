"""Who we are to the API server: the Authorization header, also after a token was rotated.

The tokens of service accounts are files that the kubelet replaces before they run out. A token that was read once would
be refused after an hour, so the file is looked at (one stat, a microsecond or two) before each request and read again
when it is another one.
"""

from pathlib import Path
from typing import Any, Protocol

import yaml


class NotConfigured(Exception):
    """It is not known where the API server is, or who we are to it; the message names the file or variable."""


class Credential(Protocol):
    """What goes into the Authorization header."""

    def header(self) -> str:
        """The header's value now; empty for none, such as with a client certificate."""
        ...


class FixedCredential:
    """A header that never changes."""

    def __init__(self, value: str) -> None:
        self._value = value

    def header(self) -> str:
        """The value as given."""
        return self._value


class TokenFile:
    """A bearer token in a file that others replace."""

    def __init__(self, path: Path) -> None:
        """Read the token for the first time.

        Raises:
            NotConfigured: the file cannot be read or is empty.
        """
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._value = ""
        try:
            self._refresh()
        except OSError as error:
            raise NotConfigured(f"the token file {path} cannot be read: {error.strerror}") from error
        if not self._value:
            raise NotConfigured(f"the token file {path} is empty")

    def header(self) -> str:
        """The token as it is in the file; the last good one while the file is missing, unreadable or empty."""
        try:
            self._refresh()
        except OSError:
            return self._value
        return self._value

    def _refresh(self) -> None:
        stat = self._path.stat()
        now = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if now == self._seen:
            return
        token = self._path.read_text().strip()
        if token:
            self._value = f"Bearer {token}"
        self._seen = now


def read_kubeconfig(path: Path) -> dict[str, Any]:
    """A kubeconfig file as far as all of them are alike.

    Raises:
        NotConfigured: the file cannot be read, or is no YAML mapping.
    """
    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NotConfigured(f"the kubeconfig {path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise NotConfigured(f"the kubeconfig {path} is not a YAML mapping")
    return config


def token_file_of(config: dict[str, Any], folder: Path) -> Path | None:
    """The ``tokenFile`` of the current context's user, if there is one.

    Args:
        config: a kubeconfig that has been loaded before, so its shape is known to be right.
        folder: of the kubeconfig; a relative path counts from here.
    """
    context = _named(config, "contexts", config.get("current-context")).get("context") or {}
    user = _named(config, "users", context.get("user")).get("user") or {}
    path = user.get("tokenFile")
    return folder / path if path else None


def _named(config: dict[str, Any], section: str, name: str | None) -> dict[str, Any]:
    for entry in config.get(section) or ():
        if entry.get("name") == name:
            return dict(entry)
    return {}
