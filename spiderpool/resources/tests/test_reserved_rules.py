"""The webhook's rules for reserved addresses, one row for each."""

from typing import Any

import msgspec
import pytest

from spiderpool.resources.reserved import SpiderReservedIP
from spiderpool.resources.reserved_rules import normalise_reserved, reserved_refusals


def reserved_of(**spec: Any) -> SpiderReservedIP:
    return msgspec.convert({"metadata": {"name": "r"}, "spec": spec}, SpiderReservedIP)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ips": ["10.0.0.1"]}, []),
        ({"ips": ["fd00::1-fd00::9", "fd00::20"], "ipVersion": 6}, []),
        ({}, ["spec.ips: '[]': reserves nothing; name at least one address, or delete the object"]),
        ({"ips": ["10.0.0.1"], "ipVersion": 5}, ["spec.ipVersion: '5': no such version; leave it out"]),
        (
            {"ips": ["10.0.0.1", "fd00::1"]},
            ["spec.ips[1]: 'fd00::1': IPv6 among IPv4 addresses; move it to an object of its own"],
        ),
        (
            {"ips": ["10.0.0.1"], "ipVersion": 6},
            ["spec.ips[0]: '10.0.0.1': IPv4 among IPv6 addresses; move it to an object of its own"],
        ),
        (
            {"ips": ["ten", "fd00::1"]},
            [
                "spec.ips[0]: range 'ten': 'ten' is not an IP address; write one such as 10.0.0.5 or fd00::5",
            ],
        ),
        (
            {"ips": ["ten"]},
            [
                "spec.ips[0]: range 'ten': 'ten' is not an IP address; write one such as 10.0.0.5 or fd00::5",
            ],
        ),
        (
            {"ips": ["10.0.0.0/31"]},
            [
                ("spec.ips[0]: range '10.0.0.0/31': subnets are not read here; write the range 10.0.0.0-10.0.0.1"),
            ],
        ),
    ],
)
def test_a_reservation_is_accepted_or_refused_with_field_value_and_remedy(
    spec: dict[str, Any], expected: list[str]
) -> None:
    assert [str(one) for one in reserved_refusals(reserved_of(**spec), old=None)] == expected
    assert [str(one) for one in reserved_refusals(normalise_reserved(reserved_of(**spec)), old=None)] == expected


def test_the_version_of_a_reservation_never_changes() -> None:
    old, new = reserved_of(ips=["10.0.0.1"], ipVersion=4), reserved_of(ips=["fd00::1"], ipVersion=6)
    assert [str(one) for one in reserved_refusals(new, old=old)] == [
        "spec.ipVersion: '6': it was 4 and never changes; create another SpiderReservedIP"
    ]


def test_an_update_that_leaves_the_spec_alone_is_never_refused() -> None:
    bad = reserved_of(ips=["ten"])
    assert reserved_refusals(bad, old=bad) == ()


@pytest.mark.parametrize(
    ("spec", "stored"),
    [
        (
            {"ips": ["10.0.0.2", "10.0.0.1"]},
            {"ips": ["10.0.0.1-10.0.0.2"], "ipVersion": 4},
        ),
        ({"ips": ["FD00::1"]}, {"ips": ["fd00::1"], "ipVersion": 6}),
        ({"ips": ["10.0.0.1"], "ipVersion": 6}, {"ips": ["10.0.0.1"], "ipVersion": 6}),
        ({"ips": ["10.0.0.1", "fd00::1"]}, {"ips": ["10.0.0.1", "fd00::1"]}),
        ({"ips": ["ten"]}, {"ips": ["ten"]}),
        ({}, {}),
    ],
)
def test_a_reservation_is_stored_merged_and_sorted_with_its_version(
    spec: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert normalise_reserved(reserved_of(**spec)) == reserved_of(**stored)
