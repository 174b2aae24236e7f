"""Times as the API writes them."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def _rfc3339(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def api_time(seconds: float) -> str:
    """A time as the API writes it: UTC, whole seconds."""
    return _rfc3339(int(seconds))


def micro_time(seconds: float) -> str:
    """A time with microseconds, as the fields of type MicroTime have it."""
    return f"{_rfc3339(int(seconds))[:-1]}.{int(seconds % 1 * 1e6):06d}Z"
