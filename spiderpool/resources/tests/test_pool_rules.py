"""The webhook's rules for pools, one row for each: accepted, or refused with the field, the value and the remedy."""

from typing import Any

import msgspec
import pytest

from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.pool_rules import normalise, refusals

V4: dict[str, Any] = {"subnet": "10.0.0.0/24", "ips": ["10.0.0.10-10.0.0.20"]}
V6: dict[str, Any] = {"subnet": "fd00::/64", "ips": ["fd00::a-fd00::14"]}


def pool_of(name: str = "p", **spec: Any) -> SpiderIPPool:
    return msgspec.convert({"metadata": {"name": name}, "spec": spec}, SpiderIPPool)


def claim_of(name: str, address: str, state: str = "Claimed", pod: str = "web-0") -> SpiderIPAddress:
    owner = {
        "namespace": "default",
        "name": pod,
        "uid": f"uid-{pod}",
        "node": "n1",
        "machineID": "m",
        "bootID": "b",
        "interface": "eth0",
        "containerID": "c",
        "netns": {"path": "/n", "inode": 1},
        "since": 1,
    }
    spec: dict[str, Any] = {"address": address, "pool": {"name": "p", "uid": "u"}, "state": state}
    if state != "Cooling":
        spec["owner"] = owner
    if state == "Parked":
        spec["identity"] = f"StatefulSet/default/{pod}"
    return msgspec.convert({"metadata": {"name": name}, "spec": spec}, SpiderIPAddress)


def lines(pool: SpiderIPPool, **context: Any) -> list[str]:
    return [str(one) for one in refusals(pool, **{"old": None, "others": (), "claims": (), **context})]


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("an IPv4 pool", V4),
    ("an IPv6 pool", V6),
    ("a pool without addresses", {"subnet": "10.0.0.0/24"}),
    ("the whole of IPv6", {"subnet": "::/0", "ips": ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]}),
    ("a /32", {"subnet": "10.0.0.1/32", "ips": ["10.0.0.1"]}),
    ("the right version", {**V4, "ipVersion": 4}),
    ("a gateway that is not in ips", {**V4, "gateway": "10.0.0.1"}),
    ("a gateway that is excluded", {**V4, "gateway": "10.0.0.12", "excludeIPs": ["10.0.0.12"]}),
    ("a route", {**V4, "routes": [{"dst": "10.9.0.0/16", "gw": "10.0.0.2"}]}),
    (
        "two routes that overlap",
        {**V4, "routes": [{"dst": "10.9.0.0/16", "gw": "10.0.0.2"}, {"dst": "10.9.1.0/24", "gw": "10.0.0.2"}]},
    ),
    ("an IPv6 route", {**V6, "routes": [{"dst": "fd01::/64", "gw": "fd00::1"}]}),
    ("an affinity by label", {**V4, "podAffinity": {"matchLabels": {"example.com/app": "a", "empty": ""}}}),
    (
        "an affinity by expressions",
        {
            **V4,
            "nodeAffinity": {
                "matchExpressions": [
                    {"key": "zone", "operator": "In", "values": ["a"]},
                    {"key": "zone", "operator": "NotIn", "values": ["b"]},
                    {"key": "edge", "operator": "Exists"},
                    {"key": "lab", "operator": "DoesNotExist"},
                ]
            },
        },
    ),
    ("an empty affinity for namespaces", {**V4, "namespaceAffinity": {}}),
]


@pytest.mark.parametrize("spec", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_good_pool_is_accepted(spec: dict[str, Any]) -> None:
    assert lines(pool_of(**spec)) == []
    assert lines(normalise(pool_of(**spec))) == []


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "a subnet with host bits",
        {**V4, "subnet": "10.0.0.7/24"},
        "spec.subnet: '10.0.0.7/24' is not in canonical form; write 10.0.0.0/24",
    ),
    (
        "a subnet that is none",
        {**V4, "subnet": "ten"},
        "spec.subnet: 'ten' is not a subnet; write it with a prefix length, such as 10.0.0.0/24",
    ),
    (
        "the wrong version",
        {**V4, "ipVersion": 6},
        "spec.ipVersion: '6': the subnet 10.0.0.0/24 is IPv4; write 4, or leave it out",
    ),
    (
        "a range that is none",
        {**V4, "ips": ["10.0.0.10", "ten"]},
        "spec.ips[1]: range 'ten': 'ten' is not an IP address; write one such as 10.0.0.5 or fd00::5",
    ),
    (
        "a CIDR among ranges",
        {**V4, "ips": ["10.0.0.0/30"]},
        "spec.ips[0]: range '10.0.0.0/30': subnets are not read here; write the range 10.0.0.0-10.0.0.3",
    ),
    (
        "a range of the other family",
        {**V4, "ips": ["fd00::1"]},
        "spec.ips[0]: 'fd00::1': IPv6 among IPv4 addresses; move it to an object of its own",
    ),
    (
        "a range that leaves the subnet",
        {**V4, "ips": ["10.0.0.250-10.0.1.5"]},
        "spec.ips[0]: '10.0.0.250-10.0.1.5': outside the subnet 10.0.0.0/24; write addresses from 10.0.0.0 to 10.0.0.255",
    ),
    (
        "an exclusion outside the subnet",
        {**V4, "excludeIPs": ["10.0.1.5"]},
        "spec.excludeIPs[0]: '10.0.1.5': outside the subnet 10.0.0.0/24; write addresses from 10.0.0.0 to 10.0.0.255",
    ),
    (
        "a gateway that is none",
        {**V4, "gateway": "10.0.0"},
        "spec.gateway: '10.0.0' is not an IP address; write one such as 10.0.0.5 or fd00::5",
    ),
    (
        "an empty gateway",
        {**V4, "gateway": ""},
        "spec.gateway: '' is not an IP address; write one such as 10.0.0.5 or fd00::5",
    ),
    (
        "a gateway outside the subnet",
        {**V4, "gateway": "10.0.1.1"},
        "spec.gateway: '10.0.1.1': outside the subnet 10.0.0.0/24; write addresses from 10.0.0.0 to 10.0.0.255",
    ),
    (
        "a gateway of the other family",
        {**V4, "gateway": "fd00::1"},
        "spec.gateway: 'fd00::1': outside the subnet 10.0.0.0/24; write addresses from 10.0.0.0 to 10.0.0.255",
    ),
    (
        "a gateway that is handed out",
        {**V4, "gateway": "10.0.0.12"},
        (
            "spec.gateway: '10.0.0.12': pods would get it as their own address;"
            " add it to excludeIPs, or take it out of ips"
        ),
    ),
    (
        "a route to nowhere",
        {**V4, "routes": [{"dst": "10.9.0.0", "gw": "10.0.0.2"}]},
        ("spec.routes[0].dst: '10.9.0.0' is not a subnet; write it with a prefix length, such as 10.0.0.0/24"),
    ),
    (
        "a default route",
        {**V4, "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.2"}]},
        "spec.routes[0].dst: '0.0.0.0/0': the default route; write its next hop as spec.gateway",
    ),
    (
        "an IPv6 default route",
        {**V6, "routes": [{"dst": "::/0", "gw": "fd00::2"}]},
        "spec.routes[0].dst: '::/0': the default route; write its next hop as spec.gateway",
    ),
    (
        "a route of the other family",
        {**V4, "routes": [{"dst": "fd01::/64", "gw": "10.0.0.2"}]},
        "spec.routes[0].dst: 'fd01::/64': IPv6 in a pool of IPv4; move it to a pool of its family",
    ),
    (
        "two routes to one place",
        {**V4, "routes": [{"dst": "10.9.0.0/16", "gw": "10.0.0.2"}, {"dst": "10.9.0.0/16", "gw": "10.0.0.3"}]},
        "spec.routes[1].dst: '10.9.0.0/16': the same destination as routes[0]; leave one of them out",
    ),
    (
        "a next hop outside the subnet",
        {**V4, "routes": [{"dst": "10.9.0.0/16", "gw": "10.8.0.2"}]},
        "spec.routes[0].gw: '10.8.0.2': outside the subnet 10.0.0.0/24; write addresses from 10.0.0.0 to 10.0.0.255",
    ),
    (
        "an empty affinity for pods",
        {**V4, "podAffinity": {}},
        "spec.podAffinity: '{}': empty, which matches every pod; name a label, or leave podAffinity out",
    ),
    (
        "an operator that does not exist",
        {**V4, "nodeAffinity": {"matchExpressions": [{"key": "zone", "operator": "Like", "values": ["a"]}]}},
        (
            "spec.nodeAffinity.matchExpressions[0].operator: 'Like': no such operator;"
            " write In, NotIn, Exists or DoesNotExist"
        ),
    ),
    (
        "an operator without values",
        {**V4, "nodeAffinity": {"matchExpressions": [{"key": "zone", "operator": "In"}]}},
        "spec.nodeAffinity.matchExpressions[0].values: '': operator In compares with nothing; name at least one value",
    ),
    (
        "an operator with values too many",
        {**V4, "nodeAffinity": {"matchExpressions": [{"key": "zone", "operator": "Exists", "values": ["a", "b"]}]}},
        (
            "spec.nodeAffinity.matchExpressions[0].values: 'a, b': operator Exists takes no values;"
            " leave them out, or use In or NotIn"
        ),
    ),
    (
        "a key that is none",
        {**V4, "podAffinity": {"matchLabels": {"a b": "c"}}},
        (
            "spec.podAffinity.matchLabels: 'a b' is not the name of a label;"
            " write at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
        ),
    ),
    (
        "a key with a bad prefix",
        {**V4, "podAffinity": {"matchLabels": {"Example_com/app": "c"}}},
        (
            "spec.podAffinity.matchLabels: 'Example_com/app': 'Example_com' is not a DNS name;"
            " write it like example.com/app"
        ),
    ),
    (
        "a value that is none",
        {**V4, "namespaceAffinity": {"matchLabels": {"app": "-c"}}},
        (
            "spec.namespaceAffinity.matchLabels[app]: '-c': not the value of a label;"
            " write at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
        ),
    ),
    (
        "a value of an expression that is none",
        {**V4, "nodeAffinity": {"matchExpressions": [{"key": "z", "operator": "NotIn", "values": ["ok", "a" * 64]}]}},
        (
            f"spec.nodeAffinity.matchExpressions[0].values: '{'a' * 64}': not the value of a label;"
            " write at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
        ),
    ),
]


@pytest.mark.parametrize(("spec", "line"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_mistake_is_refused_with_field_value_and_remedy(spec: dict[str, Any], line: str) -> None:
    assert lines(pool_of(**spec)) == [line]
    assert lines(normalise(pool_of(**spec))) == [line]


def test_all_mistakes_are_told_at_once() -> None:
    found = lines(pool_of(subnet="10.0.0.0/24", ipVersion=6, ips=["x"], gateway="y", routes=[{"dst": "z", "gw": "w"}]))
    assert [line.partition(":")[0] for line in found] == [
        "spec.ipVersion",
        "spec.ips[0]",
        "spec.gateway",
        "spec.routes[0].dst",
        "spec.routes[0].gw",
    ]


OVERLAPS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("another subnet", {"subnet": "10.0.1.0/24", "ips": ["10.0.1.10"]}, []),
    ("the same subnet with other addresses", {"subnet": "10.0.0.0/24", "ips": ["10.0.0.30"]}, []),
    ("the other family", V6, []),
    ("addresses that the other excludes", {**V4, "excludeIPs": ["10.0.0.10-10.0.0.20"]}, []),
    ("a subnet that cannot be read", {"subnet": "ten", "ips": ["10.0.0.10"]}, []),
    ("ranges that cannot be read", {"subnet": "10.0.0.0/24", "ips": ["ten"]}, []),
    (
        "one address in common",
        {"subnet": "10.0.0.0/24", "ips": ["10.0.0.20-10.0.0.30"]},
        ["spec.ips: '10.0.0.20': pool q has 1 address of them too; take out of ips, or add to excludeIPs"],
    ),
    (
        "several pieces in common",
        {"subnet": "10.0.0.0/24", "ips": [f"10.0.0.{n}" for n in (10, 12, 14, 16, 18)]},
        [
            (
                "spec.ips: '10.0.0.10, 10.0.0.12, 10.0.0.14 and 2 more': pool q has 5 addresses of them too;"
                " take out of ips, or add to excludeIPs"
            )
        ],
    ),
    (
        "a wider subnet",
        {"subnet": "10.0.0.0/16", "ips": ["10.0.9.1"]},
        [
            (
                "spec.subnet: '10.0.0.0/24': overlaps in part with 10.0.0.0/16 of pool q;"
                " use that subnet, or one apart from it"
            )
        ],
    ),
    (
        "a narrower subnet",
        {"subnet": "10.0.0.0/28"},
        [
            (
                "spec.subnet: '10.0.0.0/24': overlaps in part with 10.0.0.0/28 of pool q;"
                " use that subnet, or one apart from it"
            )
        ],
    ),
]


@pytest.mark.upstream("D00001")
@pytest.mark.parametrize(("other", "expected"), [row[1:] for row in OVERLAPS], ids=[row[0] for row in OVERLAPS])
def test_an_address_belongs_to_one_pool_and_a_subnet_is_shared_whole(
    other: dict[str, Any], expected: list[str]
) -> None:
    assert lines(pool_of(**V4), others=[pool_of("q", **other)]) == expected


def test_a_pool_does_not_overlap_with_itself() -> None:
    assert lines(pool_of(**V4), others=[pool_of(**V4)]) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            V4,
            {**V4, "subnet": "10.0.0.0/16"},
            ["spec.subnet: '10.0.0.0/16': it was 10.0.0.0/24 and never changes; create another pool"],
        ),
        (
            {**V4, "ipVersion": 4},
            {**V6, "ipVersion": 6},
            [
                "spec.subnet: 'fd00::/64': it was 10.0.0.0/24 and never changes; create another pool",
                "spec.ipVersion: '6': it was 4 and never changes; create another pool",
            ],
        ),
        (V4, {**V4, "ipVersion": 4}, []),
        ({**V4, "ipVersion": 4}, V4, []),
    ],
)
def test_subnet_and_version_never_change(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert lines(pool_of(**new), old=pool_of(**old)) == expected


def test_an_update_that_leaves_the_spec_alone_is_never_refused() -> None:
    bad = pool_of(subnet="ten", ips=["x"])
    assert lines(bad) != []
    assert lines(bad, old=bad, others=[bad], claims=[claim_of("10.0.0.10", "10.0.0.10/24")]) == []


IN_USE = (
    claim_of("10.0.0.11", "10.0.0.11/24", pod="b"),
    claim_of("10.0.0.10", "10.0.0.10/24", pod="a"),
    claim_of("10.0.0.12", "10.0.0.12/24", "Parked", pod="web-1"),
    claim_of("10.0.0.13", "10.0.0.13/24", "Cooling"),
    claim_of("10.0.0.14", "10.0.0.14/24", pod="c"),
    claim_of("10.0.0.15", "10.0.0.15/24", pod="d"),
    claim_of("10.9.0.1", "10.9.0.1/24", pod="far"),
    claim_of("fd00-0000-0000-0000-0000-0000-0000-000a", "fd00::a/64", pod="six"),
    claim_of("not-an-address", "10.0.0.16/24", pod="strange"),
)
REMOVALS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("more addresses", {**V4, "ips": ["10.0.0.2-10.0.0.30"]}, []),
    ("less of what nobody uses", {**V4, "ips": ["10.0.0.10-10.0.0.16"]}, []),
    ("what only cools", {**V4, "excludeIPs": ["10.0.0.13"]}, []),
    (
        "one in use is excluded",
        {**V4, "excludeIPs": ["10.0.0.11"]},
        [
            (
                "spec.excludeIPs: '10.0.0.11': in use, 1 address, by pod default/b;"
                " leave them in the pool until those are gone"
            )
        ],
    ),
    (
        "a parked one is excluded",
        {**V4, "excludeIPs": ["10.0.0.12"]},
        [
            (
                "spec.excludeIPs: '10.0.0.12': in use, 1 address, by StatefulSet/default/web-1;"
                " leave them in the pool until those are gone"
            )
        ],
    ),
    (
        "all of them leave",
        {**V4, "ips": []},
        [
            (
                "spec.ips: '10.0.0.10, 10.0.0.11, 10.0.0.12 and 2 more': in use, 5 addresses, by"
                " pod default/a, pod default/b, StatefulSet/default/web-1 and 2 more;"
                " leave them in the pool until those are gone"
            )
        ],
    ),
    (
        "one leaves and one is excluded",
        {**V4, "ips": ["10.0.0.11-10.0.0.20"], "excludeIPs": ["10.0.0.15"]},
        [
            (
                "spec.excludeIPs: '10.0.0.15': in use, 1 address, by pod default/d;"
                " leave them in the pool until those are gone"
            ),
            "spec.ips: '10.0.0.10': in use, 1 address, by pod default/a; leave them in the pool until those are gone",
        ],
    ),
    (
        "one becomes the gateway",
        {**V4, "ips": ["10.0.0.10", "10.0.0.12-10.0.0.20"], "gateway": "10.0.0.11"},
        ["spec.gateway: '10.0.0.11': in use, 1 address, by pod default/b; leave them in the pool until those are gone"],
    ),
    (
        "a typing error takes nothing away",
        {**V4, "ips": ["10.0.0.10-10.0.0.2o"]},
        [
            (
                "spec.ips[0]: range '10.0.0.10-10.0.0.2o': '10.0.0.2o' is not an IP address;"
                " write one such as 10.0.0.5 or fd00::5"
            )
        ],
    ),
]


@pytest.mark.upstream("S00003")
@pytest.mark.parametrize(("new", "expected"), [row[1:] for row in REMOVALS], ids=[row[0] for row in REMOVALS])
def test_addresses_that_are_visibly_in_use_stay_in_the_pool(new: dict[str, Any], expected: list[str]) -> None:
    assert lines(pool_of(**new), old=pool_of(**V4), claims=IN_USE) == expected


def test_a_pool_that_was_unreadable_can_be_mended() -> None:
    assert lines(pool_of(**V4), old=pool_of(subnet="10.0.0.0/24", ips=["ten"]), claims=IN_USE) == []


@pytest.mark.parametrize(
    ("spec", "stored"),
    [
        (
            {
                "subnet": "10.0.0.0/24",
                "ips": ["10.0.0.9", "10.0.0.1-10.0.0.4", "10.0.0.5"],
                "excludeIPs": ["10.0.0.3", "10.0.0.2"],
            },
            {
                "subnet": "10.0.0.0/24",
                "ipVersion": 4,
                "ips": ["10.0.0.1-10.0.0.5", "10.0.0.9"],
                "excludeIPs": ["10.0.0.2-10.0.0.3"],
            },
        ),
        ({"subnet": "fd00::/64", "ips": ["FD00::A"]}, {"subnet": "fd00::/64", "ipVersion": 6, "ips": ["fd00::a"]}),
        ({"subnet": "10.0.0.0/24", "ipVersion": 6}, {"subnet": "10.0.0.0/24", "ipVersion": 6}),
        ({"subnet": "10.0.0.0/24", "ips": ["ten"]}, {"subnet": "10.0.0.0/24", "ips": ["ten"]}),
        ({"subnet": "ten"}, {"subnet": "ten"}),
    ],
)
def test_a_pool_is_stored_merged_and_sorted_with_its_version(spec: dict[str, Any], stored: dict[str, Any]) -> None:
    normal = normalise(pool_of(**spec))
    assert normal == pool_of(**stored)
    assert normalise(normal) == normal
