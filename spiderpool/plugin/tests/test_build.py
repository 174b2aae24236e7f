"""The one file that a runtime starts."""

import ast
import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spiderpool.plugin import build
from spiderpool.plugin.tests.script import ENVIRON, GRANTED
from spiderpool.plugin.tests.stub_agent import Node, answers


def test_every_module_is_written_in_the_syntax_of_python_3_9() -> None:
    folder = Path(build.__file__).parent
    for name in build._MODULES:
        assert ast.parse((folder / name).read_text(), feature_version=(3, 9)).body
    assert ast.parse(build.source(), feature_version=(3, 9)).body


def test_the_file_imports_nothing_that_is_not_built_in() -> None:
    modules = [
        alias.name
        for statement in ast.parse(build.source()).body
        if isinstance(statement, ast.Import)
        for alias in statement.names
    ]
    assert modules == ["_socket", "posix", "sys", "time"]
    assert "import spiderpool" not in build.source()
    assert "from " not in {line[:5] for line in build.source().splitlines()}


def test_a_call_that_goes_well_imports_no_further_module(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.build()

    async def imported() -> set[str]:
        server = await node.serve(answers(GRANTED))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-ISE",
            "-X",
            "importtime",
            node.plugin,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRON,
        )
        _, stderr = await process.communicate(b"{}")
        server.close()
        assert process.returncode == 0
        return {line.rpartition(b"|")[2].strip().decode() for line in stderr.splitlines()}

    names = asyncio.run(imported())
    assert "_socket" in names
    assert names.isdisjoint({"json", "re", "os", "socket", "typing", "collections", "enum", "struct", "__future__"})


def test_the_first_line_names_the_hosts_interpreter_or_the_building_one(tmp_path: Path) -> None:
    build.write(tmp_path / "deep" / "spiderpool")
    build.write(tmp_path / "other", interpreter=Path(sys.executable))
    expected = build.HOST_INTERPRETER if build.HOST_INTERPRETER.exists() else Path(sys.executable)
    assert (tmp_path / "deep" / "spiderpool").read_text().startswith(f"#!{expected} -ISE\n")
    assert (tmp_path / "other").read_text().startswith(f"#!{sys.executable} -ISE\n")
    assert os.access(tmp_path / "other", os.X_OK)


def test_building_is_repeatable_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    build.write(tmp_path / "spiderpool")
    first = (tmp_path / "spiderpool").read_bytes()
    build.write(tmp_path / "spiderpool")
    assert (tmp_path / "spiderpool").read_bytes() == first
    assert list(tmp_path.iterdir()) == [tmp_path / "spiderpool"]


def test_a_constant_that_is_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="NOWHERE"):
        build.source({"NOWHERE": 1})


def test_the_module_builds_from_the_command_line(tmp_path: Path) -> None:
    target = tmp_path / "spiderpool"
    subprocess.run([sys.executable, "-m", "spiderpool.plugin.build", target], check=True)
    answer = subprocess.run([target], env={"CNI_COMMAND": "VERSION"}, capture_output=True, check=True)
    assert b"supportedVersions" in answer.stdout
    refused = subprocess.run([sys.executable, "-m", "spiderpool.plugin.build"], capture_output=True, check=False)
    assert refused.returncode == 1
    assert b"usage" in refused.stderr
