"""PID 1 of a node, without its namespaces: requests, exit codes, orphans. It runs as a process of its own, because it
collects every child that ends.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.backends.local.control import Control, Finished, NodeError

SERVE = """
import ctypes, socket, sys
from e2e.backends.local.init import Init
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to this process, as they do to PID 1
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen()
Init(listener).serve()
"""
ENV = {"PATH": "/usr/bin:/bin", "WHO": "n1"}


@contextmanager
def serving(tmp_path: Path) -> Iterator[Control]:
    path = tmp_path / "n1.sock"
    with subprocess.Popen([sys.executable, "-c", SERVE, str(path)]) as process:
        try:
            control = Control(path)
            control.ready()
            yield control
        finally:
            process.kill()


def run(control: Control, *argv: str, stdin: str = "", timeout_seconds: float = 30) -> Finished:
    return control.run(argv, ENV, stdin=stdin, timeout_seconds=timeout_seconds)


def test_a_command_gets_its_input_and_environment_and_gives_output_errors_and_code(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        done = run(control, "sh", "-c", 'read line; echo "$WHO $line"; echo oh >&2; exit 3', stdin="hello\n")

    assert done == Finished(code=3, output="n1 hello\n", error="oh\n")


def test_a_command_that_does_not_exist_is_an_error_and_the_node_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        with pytest.raises(NodeError, match=r"FileNotFoundError.*no-such-program"):
            run(control, "no-such-program")
        assert run(control, "true").code == 0


def test_a_command_that_takes_too_long_is_killed_and_forgotten(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        with pytest.raises(TimeoutError, match=r"sleep 60: still ran after 0\.2 s"):
            run(control, "sleep", "60", timeout_seconds=0.2)
        assert control.programs() == {}


def test_a_service_goes_on_until_it_is_killed_and_its_code_is_the_signal(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        os.mkfifo(tmp_path / "ready")
        script = f"echo up; echo > {tmp_path}/ready; exec sleep 60"
        control.start("agent", ["sh", "-c", script], ENV, tmp_path / "agent.log")
        assert (tmp_path / "ready").read_text() == "\n"  # once it has said so
        assert control.programs() == {"agent": True}
        with pytest.raises(NodeError, match="agent already runs"):
            control.start("agent", ["sleep", "60"], ENV, tmp_path / "agent.log")
        assert control.kill("agent", signal.SIGTERM)
        assert control.wait("agent", 10) == -signal.SIGTERM
        assert control.programs() == {"agent": False}
        assert not control.kill("agent", signal.SIGTERM)
    assert (tmp_path / "agent.log").read_text() == "up\n"


def test_a_program_starts_with_the_default_for_signals_that_python_ignores(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        mask = run(control, "grep", "SigIgn", "/proc/self/status").output.split()[1]

    assert not int(mask, 16) >> (signal.SIGPIPE - 1) & 1


def test_orphans_are_collected(tmp_path: Path) -> None:
    with serving(tmp_path) as control:
        orphan = run(control, "sh", "-c", "sleep 0.05 >/dev/null 2>&1 & echo $!").output.strip()
        gone = run(control, "sh", "-c", f"while test -e /proc/{orphan}; do sleep 0.02; done")

    assert gone.code == 0


def test_a_node_that_is_off_says_so(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="n7 is off"):
        Control(tmp_path / "n7.sock").programs()
