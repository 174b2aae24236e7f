"""Records of processes: who is ended, and who must never be. The programs are ``sleep``; no privilege is needed."""

import os
import signal
from pathlib import Path

import pytest

from e2e.backends.local.processes import Launch, Processes, Record, lives, parse_stat
from e2e.backends.local.waiting import until

STAT = "4711 (a (strange) name) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 998877 1 2\n"


def launch(tmp_path: Path, *argv: str, name: str = "sleeper") -> Launch:
    return Launch(name=name, argv=argv, log=tmp_path / "log" / f"{name}.log")


def test_a_started_process_is_on_record_as_the_program_itself(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start(launch(tmp_path, "sleep", "60"))
    try:
        pid = processes.pid("sleeper")
        until("the shell became sleep", lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n", within_seconds=10)
        assert processes.alive("sleeper")
        assert processes.names() == ["sleeper"]
    finally:
        processes.end("sleeper")
    assert not processes.alive("sleeper")
    assert processes.names() == []


def test_another_object_ends_what_a_killed_run_left(tmp_path: Path) -> None:
    killed_run = Processes(tmp_path)
    killed_run.start(launch(tmp_path, "sleep", "60"))
    pid = killed_run.pid("sleeper")

    Processes(tmp_path).end("sleeper", signal.SIGTERM)

    assert os.waitpid(pid, 0)[1] == signal.SIGTERM
    killed_run.end("sleeper")


def test_a_later_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    record = parse_stat(Path("/proc/self/stat").read_text())
    assert record is not None
    stranger = STAT.replace("4711", str(record.pid))
    (tmp_path / "etcd.stat").write_text(stranger)

    Processes(tmp_path).end("etcd")  # would end this test run

    assert lives(record)
    assert Processes(tmp_path).names() == []


def test_a_record_is_read_past_any_name_and_only_when_it_is_whole() -> None:
    assert parse_stat(STAT) == Record(pid=4711, start_ticks="998877")
    assert parse_stat(STAT.rstrip("\n")) is None
    assert parse_stat("") is None


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start(launch(tmp_path, "sleep", "60"))
    try:
        with pytest.raises(RuntimeError, match="sleeper already runs"):
            processes.start(launch(tmp_path, "sleep", "60"))
    finally:
        processes.end("sleeper")


def test_waiting_names_what_never_came_true_and_what_was_seen_last() -> None:
    with pytest.raises(TimeoutError, match=r"the moon: not within 0 s, last seen: \[\]"):
        until("the moon", list, within_seconds=0)
