"""A user at a terminal: runs the lines of a topic with kubectl and writes down what it says.

A topic is a file of lines. A line that begins with ``kubectl`` is run and written down with its standard output, its
standard error (each line with ``! `` before it) and its exit code, if that is not 0. Before the command may stand:

- ``NAME=value``: the environment, as in a shell (``EDITOR='sed -i s/red/blue/' kubectl edit ...``);
- ``-``: run, and nothing is written down; ``last``: only the last line; ``sorted``: the lines in order, for commands that
  do things at the same time;
- ``until WORD``: run again and again until WORD is in the output; nothing is written down;
- ``watch M N``: started, and followed by the next line when it has printed M lines; the line ``watched`` waits for N
  more, ends it, and writes all of them down.

``node NAME`` plays a node (``nodes.py``) for the rest of the topic; ``#`` begins a comment.
"""

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from e2e.conformance.clusters import Cluster
from e2e.conformance.nodes import played

COMMAND_SECONDS = 60.0
UNTIL_SECONDS = 10.0
WATCH_SECONDS = 10.0
_MODES = ("-", "last", "sorted", "until", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a topic: ``mode`` is one of the words above or empty, ``argument`` what belongs to it."""

    typed: str
    mode: str
    argument: Sequence[str]
    environment: dict[str, str]
    argv: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said; ``unordered``: the order of its lines means nothing."""

    typed: str
    out: str
    err: str
    code: int
    unordered: bool = False


def parse(text: str) -> Iterator[Line]:
    """The lines of a topic."""
    for raw in text.splitlines():
        typed = raw.strip()
        if not typed or typed.startswith("#"):
            continue
        words = shlex.split(typed)
        mode = words.pop(0) if words[0] in _MODES else ""
        taken = {"until": 1, "watch": 2}.get(mode, 0)
        argument, words = words[:taken], words[taken:]
        environment = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        shown = typed[typed.index(next(iter(environment), words[0])) :]
        yield Line(typed=shown, mode=mode, argument=argument, environment=environment, argv=words)


@dataclass
class Terminal:
    """Runs topics in a folder that holds the manifests and is the user's home."""

    kubectl: Path
    cluster: Cluster
    folder: Path
    namespace: str
    watching: list["Watching"] = field(default_factory=list)

    def run(self, text: str) -> list[Said]:
        """Run a topic.

        Raises:
            AssertionError: an ``until`` never came true, or a watch printed too little.
        """
        self.cluster.kubeconfig(self.folder, self.namespace)
        said: list[Said] = []
        with ExitStack() as stack:
            stack.callback(self._end_watches)
            for line in parse(text):
                if line.argv[0] == "node":
                    face = stack.enter_context(self.cluster.another_face())
                    stack.enter_context(played(face, line.argv[1], self.namespace))
                elif line.argv[0] == "watched":
                    said.append(self._watched())
                elif line.mode == "watch":
                    self.watching.append(self._watch(line))
                elif line.mode == "until":
                    self._until(line)
                else:
                    said += self._shown(line)
        return said

    def _start(self, line: Line) -> "subprocess.Popen[str]":
        search = os.pathsep.join([str(self.kubectl.parent), os.environ.get("PATH", "")])
        environment = {
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "TMPDIR": str(self.folder),
            "PATH": search,
            "TZ": "UTC",
            "LC_ALL": "C",
            **line.environment,
        }
        return subprocess.Popen(
            [str(self.kubectl) if line.argv[0] == "kubectl" else line.argv[0], *line.argv[1:]],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _result(self, line: Line) -> Said:
        with self._start(line) as process:
            try:
                out, err = process.communicate(timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"{line.typed}: no end after {COMMAND_SECONDS} s") from None
        return Said(typed=line.typed, out=out, err=err, code=process.returncode)

    def _shown(self, line: Line) -> list[Said]:
        said = self._result(line)
        lines = said.out.splitlines(keepends=True)
        if line.mode == "-":
            assert said.code == 0, f"{line.typed}: {said.err}"
            return []
        if line.mode == "last":
            lines = lines[-1:]
        unordered = line.mode == "sorted"
        return [Said(typed=said.typed, out="".join(lines), err=said.err, code=said.code, unordered=unordered)]

    def _until(self, line: Line) -> None:
        began = time.monotonic()
        (wanted,) = line.argument
        while wanted not in (said := self._result(line)).out:
            late = time.monotonic() - began > UNTIL_SECONDS
            assert not late, f"{line.typed}: no {wanted!r} after {UNTIL_SECONDS} s: {said.out}{said.err}"
            time.sleep(0.2)

    def _watch(self, line: Line) -> "Watching":
        watching = Watching(line=line, process=self._start(line))
        watching.read(int(line.argument[0]))
        return watching

    def _watched(self) -> Said:
        watching = self.watching.pop(0)
        watching.read(int(watching.line.argument[1]))
        watching.end()
        return Said(typed=watching.line.typed, out="".join(watching.lines), err="", code=0)

    def _end_watches(self) -> None:
        for watching in self.watching:
            watching.end()


@dataclass
class Watching:
    """A command that goes on while others are typed."""

    line: Line
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    def read(self, count: int) -> None:
        """Wait until it has printed so many lines more.

        Raises:
            AssertionError: it did not.
        """
        patience = threading.Timer(WATCH_SECONDS, self.process.kill)
        patience.start()
        assert self.process.stdout is not None
        for _ in range(count):
            self.lines.append(self.process.stdout.readline())
        patience.cancel()
        if not self.lines[-1]:
            self.end()
            raise AssertionError(f"{self.line.typed}: only {''.join(self.lines)!r} in {WATCH_SECONDS} s")

    def end(self) -> None:
        """Interrupt it."""
        self.process.terminate()
        self.process.communicate()
