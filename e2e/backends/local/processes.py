"""Processes that outlive the program that started them, and can still be ended without ever hitting a stranger.

A test run may be killed at any instant, so each process writes its own record (pid and start time) before it becomes
the program: there is no moment at which it runs unrecorded. A record whose start time does not match is about another
process that got the same pid, and is left alone.
"""

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.backends.local.programs import ENVIRONMENT
from e2e.backends.local.waiting import until

STATE_FIELD, START_FIELD = 0, 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One process to start: what runs, where its output goes, and in which network namespace and cgroups."""

    name: str
    argv: Sequence[str]
    log: Path
    netns: Path | None = None
    cgroup_files: Sequence[Path] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Which process it was: the start time (clock ticks since the machine's boot) tells it from a later one."""

    pid: int
    start_ticks: str


def parse_stat(text: str) -> Record | None:
    """The record in one line of ``/proc/<pid>/stat``; None when the line is not whole."""
    head, closing, tail = text.rpartition(")")
    fields = tail.split()
    if not closing or not text.endswith("\n") or len(fields) <= START_FIELD:
        return None
    return Record(pid=int(head.split(" ", 1)[0]), start_ticks=fields[START_FIELD])


def lives(record: Record) -> bool:
    """Whether exactly this process still runs; a zombie does not."""
    try:
        text = Path(f"/proc/{record.pid}/stat").read_text()
    except OSError:
        return False
    return parse_stat(text) == record and text.rpartition(")")[2].split()[STATE_FIELD] not in {"Z", "X"}


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"


def _script(launch: Launch) -> str:
    """A shell line that writes the record, enters the cgroups and becomes the program."""
    entered = [f"echo $$ >{shlex.quote(str(file))}" for file in launch.cgroup_files]
    record = 'read -r stat </proc/self/stat && printf "%s\\n" "$stat" >"$0"'
    return " && ".join([record, *entered, 'exec "$@"'])


class Processes:
    """The processes of one cluster; ``folder`` keeps one record file for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.stat"

    def _record(self, name: str) -> Record | None:
        try:
            return parse_stat(self._file(name).read_text())
        except OSError:
            return None

    def names(self) -> list[str]:
        """Every process on record, by name."""
        return sorted(file.stem for file in self._folder.glob("*.stat"))

    def alive(self, name: str) -> bool:
        """Whether the process of this name runs."""
        record = self._record(name)
        return record is not None and lives(record)

    def pid(self, name: str) -> int:
        """The pid of a running process.

        Raises:
            ProcessLookupError: it does not run.
        """
        record = self._record(name)
        if record is None or not lives(record):
            raise ProcessLookupError(f"{name} does not run")
        return record.pid

    def start(self, launch: Launch) -> None:
        """Start it; returns when it is on record.

        Raises:
            RuntimeError: one of this name runs already, or it ended before it became the program; the message has the
                end of its log.
        """
        if self.alive(launch.name):
            raise RuntimeError(f"{launch.name} already runs")
        self.end(launch.name)
        enter = [] if launch.netns is None else ["nsenter", f"--net={launch.netns}"]
        file = self._file(launch.name)
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as out:
            child = subprocess.Popen(
                ["sh", "-c", _script(launch), str(file), *enter, *launch.argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**ENVIRONMENT, **launch.env},
                start_new_session=True,
            )
        self._children[launch.name] = child
        until(
            f"{launch.name} on record",
            lambda: self._record(launch.name) or child.poll() is not None,
            within_seconds=20,
            every_seconds=0.002,
        )
        if child.poll() is not None:
            raise RuntimeError(f"{launch.name} ended with {child.returncode}:\n{last_lines(launch.log)}")

    def end(self, name: str, how: signal.Signals = signal.SIGKILL, *, within_seconds: float = 20) -> None:
        """End a process and forget it; one that does not run is success.

        Raises:
            TimeoutError: it still runs.
        """
        record = self._record(name)
        if record is not None:
            _end(record, name, how, within_seconds)
        child = self._children.pop(name, None)
        if child is not None:
            child.wait(timeout=within_seconds)
        self._file(name).unlink(missing_ok=True)


def _end(record: Record, name: str, how: signal.Signals, within_seconds: float) -> None:
    """Signal through a pidfd, which stays with the process even if the pid is used again."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        if not lives(record):
            return
        signal.pidfd_send_signal(descriptor, how)
        if not select.select([descriptor], [], [], within_seconds)[0]:
            raise TimeoutError(f"{name} (pid {record.pid}) did not end within {within_seconds:g} s of {how.name}")
    finally:
        os.close(descriptor)
