"""Waiting for a condition of the real world, with a limit and a sentence that says what never came true."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: str, probe: Callable[[], T | None], *, within_seconds: float, every_seconds: float = 0.05) -> T:
    """The first truthy answer of ``probe``.

    A probe that raises ``OSError`` counts as "not yet": servers that start refuse connections first.

    Raises:
        TimeoutError: ``what`` did not come true; the message has the last answer or error.
    """
    end = time.monotonic() + within_seconds
    while True:
        last: object
        try:
            answer = probe()
            if answer:
                return answer
            last = answer
        except OSError as error:
            last = error
        if time.monotonic() >= end:
            raise TimeoutError(f"{what}: not within {within_seconds:g} s, last seen: {last!r}")
        time.sleep(every_seconds)
