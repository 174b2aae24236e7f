"""CNI errors: a code that a runtime understands and a sentence that a person can act on.

The specification reserves codes 1 to 99; ours begin at 100. kubelet shows ``msg; details`` in the pod's events, so
``msg`` says what is wrong (with the field and its value) and ``details`` says what to do about it.
"""

import json
from enum import IntEnum

SUPPORTED_VERSIONS = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
"""Versions of the CNI specification that a configuration may name, oldest first."""

NEWEST_VERSION = SUPPORTED_VERSIONS[-1]


class Code(IntEnum):
    """Error codes: below 100 the specification's meaning, from 100 on ours."""

    INCOMPATIBLE_VERSION = 1
    UNSUPPORTED_FIELD = 2
    UNKNOWN_CONTAINER = 3
    INVALID_ENVIRONMENT = 4
    IO_FAILURE = 5
    DECODING_FAILURE = 6
    INVALID_CONFIGURATION = 7
    TRY_LATER = 11
    UNAVAILABLE = 50
    UNAVAILABLE_LIMITED = 51
    NO_ADDRESS = 100
    """Every pool that the pod may use is refused or full; the sentence says why for each of them."""
    NO_POOL = 101
    """No pool is named, or a named one does not exist or is of the other family."""
    POD_REFUSED = 102
    """The pod is gone, finished or another one of the same name."""
    ADDRESS_LOST = 103
    """CHECK: an address of the pod is not claimed for this container any more."""
    INTERNAL = 999
    """A defect of Spiderpool itself; the log has the traceback."""


class CniError(Exception):
    """A call that fails, in the form in which the runtime hears of it.

    Attributes:
        code: Reason as a number.
        msg: One sentence: what is wrong, with the name of the field and its value.
        details: What to do about it; may be empty.
    """

    def __init__(self, code: Code, msg: str, details: str = "") -> None:
        super().__init__(f"{msg}; {details}" if details else msg)
        self.code = code
        self.msg = msg
        self.details = details

    def to_json(self, cni_version: str = "") -> bytes:
        """The error object for stdout.

        Args:
            cni_version: Version that the configuration names; a version that we do not speak, or none, is answered
                in the newest one.
        """
        version = cni_version if cni_version in SUPPORTED_VERSIONS else NEWEST_VERSION
        value: dict[str, object] = {"cniVersion": version, "code": int(self.code), "msg": self.msg}
        if self.details:
            value["details"] = self.details
        return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def shown(value: object) -> str:
    """A value of others as it may stand in a sentence: quoted, printable, at most 80 characters."""
    text = ascii(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
