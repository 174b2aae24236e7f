"""What the server says of itself in plain text, beside the API: that it lives and is ready."""

_CHECKS = ("healthz", "livez", "readyz")
_PARTS = ("", "ping", "log", "etcd")


def page(path: str) -> str:
    """The text at a path; empty: there is none."""
    check, _, part = path.strip("/").partition("/")
    return "ok" if check in _CHECKS and part in _PARTS else ""
