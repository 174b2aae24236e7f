"""Who a node is."""

from pathlib import Path

import pytest

from spiderpool.host.identity import BOOT_ID_FILE, read_identity
from spiderpool.host.port import HostError, NodeIdentity


@pytest.fixture
def machine_id(tmp_path: Path) -> Path:
    file = tmp_path / "machine-id"
    file.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    return file


def test_an_identity_is_name_machine_and_boot(tmp_path: Path, machine_id: Path) -> None:
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("180419ba-a8c6-4815-b3a2-192278d2f011\n")
    assert read_identity("n1", machine_id_file=machine_id, boot_id_file=boot_id) == NodeIdentity(
        name="n1",
        machine_id="3d1219c7c4c5404aaa1f6d2a48adfda4",
        boot_id="180419ba-a8c6-4815-b3a2-192278d2f011",
    )


@pytest.mark.skipif(not BOOT_ID_FILE.exists(), reason=f"this kernel shows no {BOOT_ID_FILE}")
def test_the_kernel_shows_one_boot_id_as_long_as_it_runs(machine_id: Path) -> None:
    first = read_identity("n1", machine_id_file=machine_id).boot_id
    assert len(first) == 36
    assert read_identity("n1", machine_id_file=machine_id).boot_id == first


@pytest.mark.parametrize("content", [b"", b"\n", b"uninitialized\n", b"two ids\n", b"\xff\xfe\n"])
def test_a_file_without_an_id_stops_the_agent_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "machine-id"
    file.write_bytes(content)
    with pytest.raises(HostError, match="machine-id"):
        read_identity("n1", machine_id_file=file)


def test_a_missing_file_stops_the_agent_with_its_name(tmp_path: Path, machine_id: Path) -> None:
    with pytest.raises(HostError, match="no-boot-id"):
        read_identity("n1", machine_id_file=machine_id, boot_id_file=tmp_path / "no-boot-id")


def test_a_node_without_a_name_is_refused(machine_id: Path) -> None:
    with pytest.raises(HostError, match="SPIDERPOOL_NODE_NAME"):
        read_identity("", machine_id_file=machine_id)
