"""What a node is made of, as files: cgroup hierarchies, images, certificates, configurations, requirements."""

import hashlib
import io
import ipaddress
import itertools
import json
import tarfile
from pathlib import Path

import pytest
from cryptography import x509

from e2e.backends.local import cgroups, configs, images, pki, programs, requirements, wires

SPLIT_CGROUP = "3:cpuset:/\n2:memory:/login/7\n1:name=systemd:/\n0::/\n"
SPLIT_MOUNTS = """31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_a_node_gets_its_cgroups_below_our_own_in_every_hierarchy() -> None:
    found = cgroups.parse(SPLIT_CGROUP, SPLIT_MOUNTS)

    assert [str(cgroups.node_folder(hierarchy, "e2e", "n1")) for hierarchy in found] == [
        "/sys/fs/cgroup/cpuset/e2e-n1",
        "/sys/fs/cgroup/memory/login/7/e2e-n1",
        "/sys/fs/cgroup/systemd/e2e-n1",
    ]
    assert cgroups.missing_controllers(found) == ["blkio", "cpu", "cpuacct", "devices", "freezer", "pids"]


def test_controllers_that_are_mounted_together_stay_together() -> None:
    mounts = "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

    (found,) = cgroups.parse("5:cpu,cpuacct:/\n", mounts)

    assert found == cgroups.Hierarchy(controllers="cpu,cpuacct", own_folder=Path("/sys/fs/cgroup/cpu,cpuacct"))


def test_a_machine_with_cgroup_v2_alone_has_nothing_usable() -> None:
    mounts = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"

    assert cgroups.parse("0::/user.slice\n", mounts) == []


def member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def test_an_image_is_one_layer_whose_digest_the_config_names_and_comes_out_the_same_each_time() -> None:
    entry = images.Entry(name="pause", data=b"program")
    data = images.archive(images.PAUSE, [entry], ["/pause"])

    assert data == images.archive(images.PAUSE, [entry], ["/pause"])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        (manifest,) = json.loads(member(tar, "manifest.json"))
        config = json.loads(member(tar, manifest["Config"]))
        layer = member(tar, manifest["Layers"][0])
    assert manifest["RepoTags"] == ["localhost/pause:1"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["config"]["Cmd"] == ["/pause"]


def test_both_images_are_made_from_busybox_and_idle_by_the_same_program(tmp_path: Path) -> None:
    busybox = programs.find("busybox")
    if busybox is None:
        pytest.skip(f"busybox: {requirements.PACKAGES}")

    for archive in images.make(tmp_path, Path(busybox)):
        with tarfile.open(archive) as tar, tarfile.open(fileobj=tar.extractfile("layer.tar")) as layer:
            names = layer.getnames()
            assert layer.getmember("pause").mode == 0o755
        assert "pause" in names
    assert {"bin/sh", "bin/ping", "bin/busybox"} <= set(names)


def test_certificates_name_the_user_and_group_that_kubernetes_reads_from_them(tmp_path: Path) -> None:
    pki.make(tmp_path, ["n1"])
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    node = x509.load_pem_x509_certificate((tmp_path / "n1.crt").read_bytes())
    server = x509.load_pem_x509_certificate((tmp_path / "apiserver.crt").read_bytes())

    node.verify_directly_issued_by(ca)
    assert node.subject.rfc4514_string() == "CN=system:node:n1,O=system:nodes"
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address(wires.SERVICE_ADDRESS) in names.get_values_for_type(x509.IPAddress)
    assert (tmp_path / "n1.key").stat().st_mode & 0o777 == 0o600


def test_a_service_accounts_kubeconfig_carries_its_token_and_no_certificate(tmp_path: Path) -> None:
    config = json.loads(pki.token_kubeconfig(tmp_path, "abc"))

    assert config["users"] == [{"name": "user", "user": {"token": "abc"}}]
    assert config["clusters"][0]["cluster"]["server"] == "https://10.99.0.1:443"


def test_host_local_hands_out_ranges_that_lie_in_the_underlay_and_never_meet() -> None:
    seen = []
    for index in range(1, 16):
        (plugin,) = json.loads(configs.host_local_conflist(index))["plugins"]
        for (part,), subnet in zip(plugin["ipam"]["ranges"], (wires.UNDERLAY_IPV4, wires.UNDERLAY_IPV6), strict=True):
            first, last, gateway = (ipaddress.ip_address(part[key]) for key in ("rangeStart", "rangeEnd", "gateway"))
            assert part["subnet"] == subnet
            assert {first in ipaddress.ip_network(subnet), last in ipaddress.ip_network(subnet)} == {True}
            assert not int(first) <= int(gateway) <= int(last)
            seen.append((first.version, int(first), int(last)))
    seen.sort()
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in itertools.pairwise(seen))


def test_programs_that_are_not_built_are_named(tmp_path: Path) -> None:
    assert programs.missing_kubernetes(tmp_path) == list(programs.KUBERNETES)


def test_what_is_missing_comes_with_its_remedy() -> None:
    for item in requirements.missing():
        assert item.what
        assert item.remedy
        assert str(item) == f"{item.what}: {item.remedy}"
