"""The builder of the pinned programs, without building any."""

from pathlib import Path

import pytest

from e2e.backends.local import programs
from e2e.tools import build


def test_what_is_built_is_what_the_local_backend_runs() -> None:
    assert sorted(build.PACKAGES) == sorted(programs.KUBERNETES)
    assert build.LINK == programs.KUBERNETES_FOLDER


def test_the_programs_report_the_version_that_go_mod_requires() -> None:
    version = build.kubernetes_version()

    major, minor, _ = version.removeprefix("v").split(".")
    assert f"gitVersion={version} " in build.link_flags()
    assert f"gitMajor={major} " in build.link_flags()
    assert f"gitMinor={minor} " in build.link_flags()


def test_the_cache_lies_outside_the_clone_and_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert build.cache_folder().parent == tmp_path / "spiderpool" / "tools"
    assert build.cache_folder() == build.cache_folder()


def test_given_programs_are_linked_and_only_those(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, folder = tmp_path / "given", tmp_path / "bin"
    given.mkdir()
    folder.mkdir()
    (given / "etcd").touch()
    (given / "stranger").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(given))

    build.take_assets(folder)

    assert [(link.name, link.readlink()) for link in folder.iterdir()] == [("etcd", given / "etcd")]


def test_a_link_to_programs_that_have_moved_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, folder = tmp_path / "given", tmp_path / "bin"
    given.mkdir()
    folder.mkdir()
    (given / "etcd").touch()
    (folder / "etcd").symlink_to(tmp_path / "where they were" / "etcd")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(given))

    build.take_assets(folder)

    assert (folder / "etcd").readlink() == given / "etcd"


def test_without_go_the_programs_that_cannot_be_built_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)

    assert build.main() == 1
    assert "cannot build kubelet, kubectl, kube-apiserver" in capsys.readouterr().err
