"""Cluster shapes in kind-configs/ against kind's v1alpha4 format, and the driver's command lines against the shapes.

kind refuses unknown fields when it reads a configuration, so a file with only known fields, of the right types and
values, is as far as a check can go without Docker. Creating a cluster is not covered.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.backends.kind.cluster import CONFIG, NODE_RANGE_IPV4, NODE_RANGE_IPV6, RENAME, KindCluster
from e2e.backends.kind.requirements import NOT_MADE_YET, missing
from e2e.backends.local import wires

CLUSTER_FIELDS = {
    "kind": str,
    "apiVersion": str,
    "name": str,
    "nodes": list,
    "networking": dict,
    "featureGates": dict,
    "runtimeConfig": dict,
    "kubeadmConfigPatches": list,
    "kubeadmConfigPatchesJSON6902": list,
    "containerdConfigPatches": list,
    "containerdConfigPatchesJSON6902": list,
}
NODE_FIELDS = {
    "role": str,
    "image": str,
    "labels": dict,
    "extraMounts": list,
    "extraPortMappings": list,
    "kubeadmConfigPatches": list,
    "kubeadmConfigPatchesJSON6902": list,
}
NETWORKING_FIELDS = {
    "ipFamily": str,
    "apiServerPort": int,
    "apiServerAddress": str,
    "podSubnet": str,
    "serviceSubnet": str,
    "disableDefaultCNI": bool,
    "kubeProxyMode": str,
    "dnsSearch": list,
}
CONFIGS = sorted(CONFIG.parent.glob("*.yaml"))


def problems(value: Mapping[str, Any], fields: Mapping[str, type], where: str) -> list[str]:
    """Fields that kind does not know, or that have another type there."""
    unknown = [f"{where}.{name}: unknown" for name in value if name not in fields]
    wrong = [
        f"{where}.{name}: not {fields[name].__name__}"
        for name in value
        if name in fields and type(value[name]) is not fields[name]
    ]
    return unknown + wrong


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_a_config_has_only_fields_and_values_that_kind_knows(file: Path) -> None:
    config = yaml.safe_load(file.read_text())

    assert (config["kind"], config["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert problems(config, CLUSTER_FIELDS, "cluster") == []
    assert problems(config["networking"], NETWORKING_FIELDS, "networking") == []
    assert config["networking"].get("ipFamily", "ipv4") in {"ipv4", "ipv6", "dual"}
    for number, node in enumerate(config["nodes"]):
        assert problems(node, NODE_FIELDS, f"nodes[{number}]") == []
        assert node["role"] in {"control-plane", "worker"}


def test_the_check_itself_finds_a_misspelt_and_a_mistyped_field() -> None:
    found = problems({"ipfamily": "dual", "disableDefaultCNI": "true"}, NETWORKING_FIELDS, "networking")

    assert found == ["networking.ipfamily: unknown", "networking.disableDefaultCNI: not bool"]


def test_the_dual_stack_shape_has_both_families_two_workers_and_no_pod_network_of_its_own() -> None:
    config = yaml.safe_load(CONFIG.read_text())

    assert config["networking"] == {"ipFamily": "dual", "disableDefaultCNI": True}
    assert [node["role"] for node in config["nodes"]] == ["control-plane", "worker", "worker"]


def test_every_setting_of_a_shape_says_why() -> None:
    for file in CONFIGS:
        lines = [line.strip() for line in file.read_text().splitlines()]
        settings = [number for number, line in enumerate(lines) if line.startswith(("ipFamily", "disable"))]
        assert settings
        assert all(lines[number - 1].startswith("#") for number in settings)


def test_the_underlay_has_the_subnets_and_gateways_of_the_local_backend_and_room_for_the_nodes() -> None:
    command = KindCluster(Path("state"), "spiderpool").underlay_command()

    assert [argument for argument in command if argument.startswith(("--subnet", "--gateway"))] == [
        f"--subnet={wires.UNDERLAY_IPV4}",
        f"--gateway={wires.UNDERLAY_IPV4_GATEWAY}",
        f"--subnet={wires.UNDERLAY_IPV6}",
        f"--gateway={wires.UNDERLAY_IPV6_GATEWAY}",
    ]
    assert ipaddress.IPv4Network(NODE_RANGE_IPV4).subnet_of(ipaddress.IPv4Network(wires.UNDERLAY_IPV4))
    assert ipaddress.IPv6Network(NODE_RANGE_IPV6).subnet_of(ipaddress.IPv6Network(wires.UNDERLAY_IPV6))
    assert NODE_RANGE_IPV4.removesuffix(".0/24").replace(".", "\\.") in RENAME


def test_a_cluster_is_created_from_the_config_without_waiting_for_nodes_that_cannot_be_ready() -> None:
    command = KindCluster(Path("state"), "mine").create_command()

    assert f"--config={CONFIG}" in command
    assert {"--name=mine", "--kubeconfig=state/kubeconfig", "--wait=0s"} <= set(command)


def nowhere(name: str) -> str | None:
    return None


def found(name: str) -> str | None:
    return f"bin/{name}"


def fails(argv: Sequence[str]) -> bool:
    return False


def succeeds(argv: Sequence[str]) -> bool:
    return True


def test_what_is_missing_names_absent_programs_and_a_silent_daemon_with_their_remedies() -> None:
    nothing = {str(item) for item in missing(nowhere, fails)}
    silent = [item.what for item in missing(found, fails)]

    assert {text.split(":")[0] for text in nothing} >= {"docker", "kind", "kubectl"}
    assert silent[0] == "a Docker daemon that answers"


def test_with_docker_at_hand_the_reason_is_what_the_project_itself_lacks() -> None:
    assert missing(found, succeeds) == list(NOT_MADE_YET)
