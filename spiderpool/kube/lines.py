"""Lines out of the pieces in which a stream of bytes happens to come.

A watch is one JSON object per line. An object may be a megabyte and more, so a reader with a longest line will not do.
"""


class Lines:
    """Puts lines together; a line may be of any length."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    @property
    def unfinished(self) -> bool:
        """Whether the last piece did not end a line."""
        return bool(self._parts)

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece ends, without their ends; empty ones are left out."""
        *ends, start = piece.split(b"\n")
        lines = []
        for end in ends:
            lines.append(b"".join((*self._parts, end)))
            self._parts = []
        if start:
            self._parts.append(start)
        return [line for line in lines if line.strip()]
