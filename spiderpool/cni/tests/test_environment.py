"""What a runtime sets and what we make of it."""

import pytest

from spiderpool.cni.dispatch import VERBS
from spiderpool.cni.environment import parse_call, pod_args
from spiderpool.cni.errors import CniError, Code

ADD = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "4f1c",
    "CNI_NETNS": "/run/netns/a",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/opt/cni/bin:/usr/lib/cni",
    "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_UID=u-1;K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=shop;K8S_POD_INFRA_CONTAINER_ID=4f1c",
}


def refused(variables: dict[str, str]) -> CniError:
    with pytest.raises(CniError) as caught:
        parse_call(variables)
    assert caught.value.code == Code.INVALID_ENVIRONMENT
    return caught.value


def test_a_whole_environment_is_understood_in_every_part() -> None:
    call = parse_call({**ADD, "HOME": "/root"})
    assert (call.command, call.container_id, call.netns, call.ifname) == ("ADD", "4f1c", "/run/netns/a", "eth0")
    assert call.path == ("/opt/cni/bin", "/usr/lib/cni")
    pod = pod_args(call.args)
    assert (pod.namespace, pod.name, pod.uid, pod.infra_container_id) == ("shop", "web-0", "u-1", "4f1c")


@pytest.mark.parametrize("command", [verb for verb in VERBS if VERBS[verb].variables])
def test_all_missing_variables_are_named_in_one_error(command: str) -> None:
    msg = refused({"CNI_COMMAND": command}).msg
    assert [name for name in VERBS[command].variables if name not in msg] == []


@pytest.mark.parametrize("command", ["STATUS", "VERSION"])
def test_a_verb_without_a_container_needs_only_its_name(command: str) -> None:
    assert parse_call({"CNI_COMMAND": command}).command == command


def test_an_empty_variable_counts_as_missing() -> None:
    assert "CNI_NETNS" in refused({**ADD, "CNI_NETNS": ""}).msg


def test_delete_needs_no_namespace_and_bears_malformed_arguments() -> None:
    call = parse_call({**ADD, "CNI_COMMAND": "DEL", "CNI_NETNS": "", "CNI_ARGS": "nonsense;K8S_POD_UID=u-1;"})
    assert call.netns == ""
    assert pod_args(call.args, required=False).uid == "u-1"


def test_delete_takes_a_malformed_pod_name_for_none() -> None:
    assert pod_args({"K8S_POD_NAME": "../x", "K8S_POD_NAMESPACE": "shop"}, required=False).name == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("CNI_CONTAINERID", "../../etc", id="container id with slashes"),
        pytest.param("CNI_CONTAINERID", "-x", id="container id begins with a dash"),
        pytest.param("CNI_CONTAINERID", "4f1c\n", id="container id ends in a line break"),
        pytest.param("CNI_CONTAINERID", "ä1", id="container id with a letter outside ASCII"),
        pytest.param("CNI_IFNAME", "eth0/1", id="interface with a slash"),
        pytest.param("CNI_IFNAME", "eth0:1", id="interface with a colon"),
        pytest.param("CNI_IFNAME", "eth 0", id="interface with a space"),
        pytest.param("CNI_IFNAME", "..", id="interface that is a folder"),
        pytest.param("CNI_IFNAME", "sixteen-letters-", id="interface of 16 bytes"),
        pytest.param("CNI_IFNAME", "éééééééé", id="interface of 8 letters and 16 bytes"),
        pytest.param("CNI_IFNAME", "eth\udcff", id="interface that is no UTF-8"),
        pytest.param("CNI_NETNS", "run/netns/a", id="relative namespace"),
        pytest.param("CNI_COMMAND", "add", id="verb in lower case"),
        pytest.param("CNI_COMMAND", "FROB", id="unknown verb"),
        pytest.param("CNI_ARGS", "IgnoreUnknown", id="argument without value"),
    ],
)
def test_a_malformed_variable_is_named_with_its_value_and_a_remedy(variable: str, value: str) -> None:
    error = refused({**ADD, variable: value})
    assert variable in error.msg
    assert ascii(value) in error.msg
    assert "expected" in error.details


def test_an_error_about_bytes_that_are_no_text_can_be_printed() -> None:
    assert b"udcff" in refused({**ADD, "CNI_IFNAME": "eth\udcff"}).to_json()


def test_all_missing_keys_of_the_pod_are_named_in_one_error() -> None:
    with pytest.raises(CniError) as caught:
        pod_args({"IgnoreUnknown": "1"})
    assert caught.value.code == Code.INVALID_ENVIRONMENT
    assert all(key in caught.value.msg for key in ("K8S_POD_NAMESPACE", "K8S_POD_NAME", "K8S_POD_UID"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("K8S_POD_NAMESPACE", "Shop"),
        ("K8S_POD_NAMESPACE", "a" * 64),
        ("K8S_POD_NAME", "web/../0"),
        ("K8S_POD_NAME", "a" * 254),
        ("K8S_POD_UID", "u 1"),
    ],
)
def test_a_malformed_name_of_the_pod_is_refused_with_its_key(key: str, value: str) -> None:
    good = {"K8S_POD_NAMESPACE": "shop", "K8S_POD_NAME": "web-0", "K8S_POD_UID": "u-1"}
    with pytest.raises(CniError) as caught:
        pod_args({**good, key: value})
    assert key in caught.value.msg


def test_the_pairs_may_come_in_any_order_and_the_last_of_a_key_counts() -> None:
    call = parse_call({**ADD, "CNI_ARGS": "A=1;;B=x=y;A=2"})
    assert dict(call.args) == {"A": "2", "B": "x=y"}
