"""What goes to stdout."""

import json

import pytest

from spiderpool.cni.errors import SUPPORTED_VERSIONS, CniError, Code, shown
from spiderpool.cni.results import DnsResult, IpResult, RouteResult, add_result, addresses_of, version_answer

IPS = [IpResult(address="10.0.0.5/24", gateway="10.0.0.1"), IpResult(address="fd00::5/64")]


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0"])
def test_old_versions_name_the_family_of_each_address(version: str) -> None:
    assert json.loads(add_result(version, IPS)) == {
        "cniVersion": version,
        "ips": [
            {"version": "4", "address": "10.0.0.5/24", "gateway": "10.0.0.1"},
            {"version": "6", "address": "fd00::5/64"},
        ],
        "dns": {},
    }


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_new_versions_do_not(version: str) -> None:
    assert json.loads(add_result(version, IPS))["ips"] == [
        {"address": "10.0.0.5/24", "gateway": "10.0.0.1"},
        {"address": "fd00::5/64"},
    ]


def test_an_ipam_result_names_no_interface() -> None:
    result = json.loads(add_result("1.1.0", IPS))
    assert "interfaces" not in result
    assert all("interface" not in one for one in result["ips"])


def test_routes_and_dns_have_the_names_of_the_specification() -> None:
    result = json.loads(
        add_result(
            "1.0.0",
            IPS,
            [RouteResult(destination="0.0.0.0/0", gateway="10.0.0.1"), RouteResult(destination="10.9.0.0/16")],
            DnsResult(nameservers=["10.0.0.53"], domain="lan", search=["lan"], options=["ndots:2"]),
        )
    )
    assert result["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}, {"dst": "10.9.0.0/16"}]
    assert result["dns"] == {"nameservers": ["10.0.0.53"], "domain": "lan", "search": ["lan"], "options": ["ndots:2"]}


def test_the_addresses_of_our_own_results_are_found_again_in_every_version() -> None:
    for version in SUPPORTED_VERSIONS:
        assert addresses_of(json.loads(add_result(version, IPS))) == ("10.0.0.5/24", "fd00::5/64")


def test_a_malformed_previous_result_has_no_addresses() -> None:
    assert addresses_of({}) == ()
    assert addresses_of({"ips": [1, {}, {"address": 7}, {"address": "10.0.0.5/24"}]}) == ("10.0.0.5/24",)


def test_the_version_object_lists_what_is_supported() -> None:
    assert json.loads(version_answer("0.4.0")) == {"cniVersion": "0.4.0", "supportedVersions": list(SUPPORTED_VERSIONS)}


def test_an_error_object_has_the_keys_of_the_specification() -> None:
    error = CniError(Code.TRY_LATER, "pool is full", "delete a pod")
    assert json.loads(error.to_json("0.4.0")) == {
        "cniVersion": "0.4.0",
        "code": 11,
        "msg": "pool is full",
        "details": "delete a pod",
    }
    assert str(error) == "pool is full; delete a pod"


def test_an_error_to_an_unknown_version_is_answered_in_the_newest() -> None:
    error = CniError(Code.INTERNAL, "defect")
    assert json.loads(error.to_json("7")) == {"cniVersion": "1.1.0", "code": 999, "msg": "defect"}


def test_our_own_codes_do_not_collide_with_those_of_the_specification() -> None:
    reserved = {1, 2, 3, 4, 5, 6, 7, 11, 50, 51}
    assert {int(code) for code in Code if code < 100} == reserved


def test_a_long_value_is_cut_in_a_sentence() -> None:
    assert len(shown("x" * 1000)) == 80
    assert shown({"a": 1}) == '{"a": 1}'
