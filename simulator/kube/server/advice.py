"""The sentences that the server adds to an answer for people to read: one ``Warning`` header each.

What finds something worth saying (a check, a webhook, a deprecated version) lies deep below what makes the answer, and
most answers have nothing to say; so it is noted beside the request that is being served, and taken when its answer is
made. Each sentence is said once. When they get too long together each is cut, and the last ones are left out, as by the
real server (``k8s.io/apiserver/pkg/endpoints/filters``, warnings).
"""

from collections.abc import Sequence
from contextvars import ContextVar

_LETTERS_MAX, _LETTERS_OF_EACH = 4096, 256

_noted: ContextVar[list[str] | None] = ContextVar("noted", default=None)


def advise(text: str) -> None:
    """Say ``text`` with the answer to the request that is being served."""
    texts = _noted.get()
    if texts is None:
        _noted.set([text])
    elif text not in texts:
        texts.append(text)


def take_advice() -> tuple[str, ...]:
    """What is to be said, in order; it is not said again."""
    texts = _noted.get()
    if texts is None:
        return ()
    _noted.set(None)
    return tuple(texts if sum(map(len, texts)) <= _LETTERS_MAX else _cut(texts))


def _cut(texts: Sequence[str]) -> list[str]:
    """What is said of too many: all that fitted uncut, and of the others as many as it takes to get to the limit."""
    kept: list[str] = []
    uncut = written = 0
    for text in texts:
        if uncut > _LETTERS_MAX and written >= _LETTERS_MAX:
            break
        uncut += len(text)
        kept.append(text[:_LETTERS_OF_EACH])
        written += len(kept[-1])
    return kept
