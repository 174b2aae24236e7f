"""What an administrator writes and what we make of it."""

import json
from typing import Any

import pytest

from spiderpool.cni.config import Attachment, IpamOptions, parse_config, parse_config_of_delete, version_of
from spiderpool.cni.dispatch import VERBS, admit
from spiderpool.cni.errors import SUPPORTED_VERSIONS, CniError, Code

SMALLEST = {"cniVersion": "1.1.0", "name": "lan", "type": "macvlan", "ipam": {"type": "spiderpool"}}


def stdin(**changed: object) -> bytes:
    value = {**SMALLEST, **changed}
    return json.dumps({key: one for key, one in value.items() if one is not ...}).encode()


def refused(data: bytes) -> CniError:
    with pytest.raises(CniError) as caught:
        parse_config(data)
    return caught.value


def test_the_smallest_configuration_has_the_known_defaults() -> None:
    config = parse_config(stdin())
    assert (config.cni_version, config.name, config.type) == ("1.1.0", "lan", "macvlan")
    assert config.ipam == IpamOptions()
    assert config.ipam.ipam_unix_socket_path == "/var/run/spidernet/spiderpool.sock"
    assert (config.previous_result, config.runtime_config, config.valid_attachments) == (None, {}, None)


def test_every_option_of_the_go_spiderpool_is_understood() -> None:
    options: dict[str, Any] = {
        "log_level": "debug",
        "log_file_path": "/var/log/x.log",
        "log_file_max_size": 1,
        "log_file_max_age": 2,
        "log_file_max_count": 3,
        "default_ipv4_ippool": ["a", "b"],
        "default_ipv6_ippool": ["c"],
        "clean_gateway": True,
        "match_master_subnet": False,
        "ipam_unix_socket_path": "/run/x.sock",
    }
    ipam = parse_config(stdin(ipam={"type": "spiderpool", **options})).ipam
    lists = {"default_ipv4_ippool": ("a", "b"), "default_ipv6_ippool": ("c",)}
    assert ipam == IpamOptions(**{**options, **lists, "log_level": "DEBUG"})


def test_null_means_the_default() -> None:
    assert parse_config(stdin(ipam={"type": "spiderpool", "default_ipv4_ippool": None})).ipam == IpamOptions()


def test_a_key_of_ipam_that_nobody_knows_is_reported_and_no_error() -> None:
    assert parse_config(stdin(ipam={"type": "spiderpool", "default_ipv4_ipool": ["a"]})).unknown_ipam_keys == (
        "default_ipv4_ipool",
    )


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_every_supported_version_is_accepted(version: str) -> None:
    assert parse_config(stdin(cniVersion=version)).cni_version == version


@pytest.mark.parametrize("version", ["0.2.0", "2.0.0", "", 1, None, ["1.0.0"]])
def test_an_unknown_version_is_refused_with_the_supported_ones(version: object) -> None:
    error = refused(stdin(cniVersion=version))
    assert error.code == Code.INCOMPATIBLE_VERSION
    assert all(supported in error.details for supported in SUPPORTED_VERSIONS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\xff\xfe",
        b"\x80{}",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_a_decoding_failure(data: bytes) -> None:
    assert refused(data).code == Code.DECODING_FAILURE


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"name": ...}, "name", "missing"),
        ({"name": "-x"}, "name", "'-x'"),
        ({"name": 7}, "name", "7"),
        ({"type": ...}, "type", "missing"),
        ({"ipam": ...}, "ipam", "missing"),
        ({"ipam": "spiderpool"}, "ipam", "'spiderpool'"),
        ({"ipam": {}}, "ipam.type", "missing"),
        ({"prevResult": []}, "prevResult", "[]"),
        ({"runtimeConfig": "x"}, "runtimeConfig", "'x'"),
        ({"cni.dev/valid-attachments": {}}, "cni.dev/valid-attachments", "{}"),
        ({"cni.dev/valid-attachments": ["x"]}, "cni.dev/valid-attachments[0]", "'x'"),
        ({"cni.dev/valid-attachments": [{"ifname": "a"}]}, "cni.dev/valid-attachments[0].containerID", "missing"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_a_remedy(change: dict[str, object], field: str, value: str) -> None:
    error = refused(stdin(**change))
    assert error.code == Code.INVALID_CONFIGURATION
    assert error.msg.startswith(f"{field} is {value}")
    assert error.details.startswith("expected ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("log_level", "loud"),
        ("log_file_path", "relative"),
        ("log_file_max_size", -1),
        ("log_file_max_age", "30"),
        ("log_file_max_count", True),
        ("default_ipv4_ippool", "pool-a"),
        ("default_ipv6_ippool", [1]),
        ("clean_gateway", "yes"),
        ("match_master_subnet", 1),
        ("match_master_subnet", True),
        ("ipam_unix_socket_path", 5),
    ],
)
def test_a_wrong_option_is_named_with_its_path(key: str, value: object) -> None:
    error = refused(stdin(ipam={"type": "spiderpool", key: value}))
    assert error.code == Code.INVALID_CONFIGURATION
    assert error.msg.startswith(f"ipam.{key}")


def test_a_delete_is_content_with_the_name() -> None:
    config = parse_config_of_delete(b'{"name": "lan", "ipam": 7, "cniVersion": "9.9.9", "prevResult": 1}')
    assert (config.name, config.ipam, config.previous_result, config.cni_version) == (
        "lan",
        IpamOptions(),
        None,
        "1.1.0",
    )


@pytest.mark.parametrize(
    ("data", "code"), [(b"{", Code.DECODING_FAILURE), (b'{"name": ""}', Code.INVALID_CONFIGURATION)]
)
def test_a_delete_without_a_name_is_refused(data: bytes, code: Code) -> None:
    with pytest.raises(CniError) as caught:
        parse_config_of_delete(data)
    assert caught.value.code == code


def test_previous_result_and_runtime_configuration_are_kept_as_they_came() -> None:
    config = parse_config(stdin(prevResult={"ips": [1]}, runtimeConfig={"ips": ["10.0.0.9"]}))
    assert (config.previous_result, config.runtime_config) == ({"ips": [1]}, {"ips": ["10.0.0.9"]})


@pytest.mark.parametrize("key", ["cni.dev/valid-attachments", "cni.dev/attachments"])
def test_the_valid_attachments_are_understood_under_both_keys(key: str) -> None:
    config = parse_config(stdin(**{key: [{"containerID": "c1", "ifname": "eth0"}]}))
    assert config.valid_attachments == (Attachment(container_id="c1", ifname="eth0"),)


def test_an_empty_list_of_attachments_is_not_an_absent_one() -> None:
    assert parse_config(stdin(**{"cni.dev/valid-attachments": []})).valid_attachments == ()


def test_the_version_to_answer_in_is_found_in_any_rubbish() -> None:
    assert version_of(stdin(cniVersion="0.4.0", ipam=...)) == "0.4.0"
    assert version_of(stdin(cniVersion="7")) == ""
    assert version_of(b"{") == ""


def admission(verb: str, **changed: object) -> Code | None:
    try:
        admit(VERBS[verb], parse_config(stdin(**changed)))
    except CniError as error:
        return error.code
    return None


def test_a_verb_is_refused_in_versions_that_do_not_know_it() -> None:
    assert admission("CHECK", cniVersion="0.3.1", prevResult={}) == Code.INCOMPATIBLE_VERSION
    assert admission("STATUS", cniVersion="1.0.0") == Code.INCOMPATIBLE_VERSION
    assert admission("GC", cniVersion="1.0.0") == Code.INCOMPATIBLE_VERSION
    assert admission("STATUS") is None
    assert admission("ADD", cniVersion="0.3.0") is None


def test_a_check_needs_the_previous_result() -> None:
    assert admission("CHECK", cniVersion="0.4.0") == Code.INVALID_CONFIGURATION
    assert admission("CHECK", cniVersion="0.4.0", prevResult={}) is None


def test_garbage_collection_without_a_list_is_refused_and_frees_nothing() -> None:
    assert admission("GC") == Code.INVALID_CONFIGURATION
    assert admission("GC", **{"cni.dev/valid-attachments": []}) is None


def test_a_delete_is_admitted_with_whatever_is_left_of_its_configuration() -> None:
    config = parse_config_of_delete(b'{"name": "lan"}')
    admit(VERBS["DEL"], config)
    assert config.name == "lan"
