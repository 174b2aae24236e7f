"""What can go wrong with a call to the API server.

```
KubeError
├── Refused                the server answered; nothing was written
│   ├── NotFound           404
│   ├── AlreadyExists      409 reason AlreadyExists: somebody else has the name
│   ├── Conflict           409 reason Conflict: the object has changed, or a precondition failed
│   ├── Invalid            400, 422 and the like: ``causes`` say which fields
│   ├── Forbidden          401, 403
│   ├── TooManyRequests    429: ``retry_after_seconds``
│   ├── Expired            410: the revision is too old; list again
│   └── Unavailable        the server could not be reached, or said 500/503 to a read: nothing was written
└── UnknownOutcome         a write whose answer never came, or 500/504 to it: it may have been committed, now or later
```

The last line is the one that matters: it is never a licence to believe either outcome (ledger rule R5).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that the server objected to."""

    field: str
    message: str


class KubeError(Exception):
    """A call to the API server did not do what was asked."""


class Refused(KubeError):
    """Nothing was written."""


class NotFound(Refused):
    """The object, or the namespace it should be in, does not exist."""


class AlreadyExists(Refused):
    """An object of this name exists."""


class Conflict(Refused):
    """The object is not the one that the caller has seen."""


class Invalid(Refused):
    """The server does not accept the request."""

    def __init__(self, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.causes = causes


class Forbidden(Refused):
    """The caller may not do this."""


class TooManyRequests(Refused):
    """The server is overloaded and says when to come again."""

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Expired(Refused):
    """The revision asked for is no longer kept."""


class Unavailable(Refused):
    """The server was not reached, or could not answer a read."""


class UnknownOutcome(KubeError):
    """A write that may or may not have been committed, and may still be."""
