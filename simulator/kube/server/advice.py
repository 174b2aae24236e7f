"""The sentences that the server adds to an answer for people to read: one ``Warning`` header each.

What finds something worth saying (a check, a webhook, a deprecated version) lies deep below what makes the answer, and
most answers have nothing to say; so it is noted beside the request that is being served, and taken when its answer is
made. Each sentence is said once.
"""

from contextvars import ContextVar

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
    return tuple(texts)
