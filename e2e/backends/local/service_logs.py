"""The logs of agents and controller, read for what a service in order never says."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class ServiceLogs:
    """Reads on where it stopped the last time."""

    files: Sequence[Path]
    _read: dict[Path, int] = field(default_factory=dict)

    def complaints(self) -> list[str]:
        """Lines since the last call that tell of a defect: errors, and what is no log line at all (a traceback)."""
        return [f"{file.name}: {line}" for file in self.files for line in self._new_lines(file) if is_complaint(line)]

    def _new_lines(self, file: Path) -> Iterator[str]:
        if not file.exists():
            return
        with file.open("rb") as opened:
            opened.seek(self._read.get(file, 0))
            data = opened.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read[file] = self._read.get(file, 0) + len(whole)
        yield from whole.decode(errors="replace").splitlines()


def is_complaint(line: str) -> bool:
    """Whether a line of a service's log tells of a defect. Warnings do not: faults of others are warned of."""
    try:
        level = json.loads(line)["level"]
    except (ValueError, KeyError, TypeError):
        return bool(line.strip())
    return bool(level == "error")
