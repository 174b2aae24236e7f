from typing import Any

import pytest
from msgspec.structs import replace

from spiderpool.ipam.candidates import Candidates, Request, find_candidates
from spiderpool.ipam.refusals import Code, Refusal
from spiderpool.ipam.tests.objects import a_pool
from spiderpool.resources.meta import LabelSelector, LabelSelectorRequirement
from spiderpool.resources.pool import SpiderIPPool

A, B = a_pool("a"), a_pool("b", "10.0.1.1", subnet="10.0.1.0/24")
SIX = a_pool("six", "fd00::1-fd00::9", subnet="fd00::/64")
DEFAULT4, DEFAULT6 = a_pool("d4", default=True), a_pool("d6", "fd01::1", subnet="fd01::/64", default=True)
ALL = [A, B, SIX, DEFAULT4, DEFAULT6]
NAMESPACE4 = "ipam.spidernet.io/default-ipv4-ippool"


def ask(pools: list[SpiderIPPool] = ALL, families: tuple[Any, ...] = (4, 6), **fields: Any) -> Candidates | Refusal:
    given: dict[str, Any] = {
        "interface": "eth0",
        "namespace": "default",
        "node": "n1",
        "pod_annotations": {},
        "pod_labels": {"app": "web"},
        "namespace_annotations": {},
        "namespace_labels": {"team": "blue"},
        "node_labels": {"zone": "z1"},
        "configured": {},
    }
    return find_candidates(Request(**{**given, **fields}), pools, families)


def names(found: Candidates | Refusal) -> dict[int, list[str]]:
    assert isinstance(found, Candidates), found
    return {family: [pool.metadata.name for pool in pools] for family, pools in found.pools.items()}


def refused(found: Candidates | Refusal, code: Code, *words: str) -> None:
    assert isinstance(found, Refusal), found
    assert found.code is code
    for word in words:
        assert word in str(found)


def test_without_any_name_the_cluster_defaults_serve_both_families() -> None:
    assert names(ask()) == {4: ["d4"], 6: ["d6"]}


def test_only_enabled_families_are_wanted() -> None:
    assert names(ask(families=(6,))) == {6: ["d6"]}


def test_each_level_beats_the_next() -> None:
    levels: list[tuple[str, dict[str, Any], str]] = [
        ("ippools", {"pod_annotations": {"ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["a"]}]'}}, "a"),
        ("ippool", {"pod_annotations": {"ipam.spidernet.io/ippool": '{"ipv4":["b"]}'}}, "b"),
        ("namespace", {"namespace_annotations": {NAMESPACE4: '["a"]'}}, "a"),
        ("configuration", {"configured": {4: ["b"]}}, "b"),
    ]
    given: dict[str, Any] = {}
    for _, fields, expected in reversed(levels):
        for key, value in fields.items():
            given[key] = {**given.get(key, {}), **value}
        assert names(ask(**given)) == {4: [expected]}


def test_named_pools_are_tried_in_the_order_in_which_they_are_written() -> None:
    assert names(ask(pod_annotations={"ipam.spidernet.io/ippool": '{"ipv4":["b","a"]}'})) == {4: ["b", "a"]}


def test_there_is_no_fall_through_when_the_winning_level_is_filtered_out() -> None:
    found = ask([replace(A, spec=replace(A.spec, disable=True)), DEFAULT4], configured={4: ["a"]})
    refused(found, Code.NO_POOL, "a: is disabled", "CNI configuration")


def test_wildcards_match_pools_of_the_family_only() -> None:
    assert names(ask(configured={4: ["[ab]"], 6: ["s*"]})) == {4: ["a", "b"], 6: ["six"]}
    assert names(ask(configured={4: ["[^b]"]})) == {4: ["a"]}
    refused(ask(configured={4: ["z*"]}), Code.INVALID, "z*")


def test_default_pools_come_most_specific_first_then_by_name() -> None:
    plain, other = a_pool("aaa", default=True), a_pool("bbb", default=True)
    by_node = a_pool("zzz", default=True, node_name=("n1",))
    by_pod = a_pool("yyy", default=True, pod_affinity=LabelSelector(match_labels={"app": "web"}))
    assert names(ask([other, plain, by_node, by_pod])) == {4: ["yyy", "zzz", "aaa", "bbb"]}


@pytest.mark.parametrize(
    ("spec", "fields", "serves"),
    [
        ({"node_name": ("n1",)}, {}, True),
        ({"node_name": ("n2",)}, {}, False),
        ({"node_name": ("n1",), "node_affinity": LabelSelector(match_labels={"zone": "z9"})}, {}, True),
        ({"node_affinity": LabelSelector(match_labels={"zone": "z1"})}, {}, True),
        ({"node_affinity": LabelSelector(match_labels={"zone": "z9"})}, {}, False),
        ({"namespace_name": ("default",)}, {}, True),
        ({"namespace_name": ("other",)}, {}, False),
        ({"namespace_affinity": LabelSelector(match_labels={"team": "blue"})}, {}, True),
        ({"namespace_affinity": LabelSelector(match_labels={"team": "red"})}, {}, False),
        ({"pod_affinity": LabelSelector(match_labels={"app": "web"})}, {}, True),
        ({"pod_affinity": LabelSelector(match_labels={"app": "db"})}, {}, False),
        ({"disable": True}, {}, False),
        ({"multus_name": ("kube-system/net",)}, {}, False),
    ],
)
def test_a_pool_serves_only_what_it_is_meant_for(*, spec: dict[str, Any], fields: dict[str, Any], serves: bool) -> None:
    found = ask([a_pool("p", default=True, **spec)], **fields)
    assert isinstance(found, Candidates) == serves


def test_an_affinity_that_cannot_be_read_excludes_the_pool_and_says_so() -> None:
    selector = LabelSelector(match_expressions=(LabelSelectorRequirement(key="a", operator="Near"),))
    refused(ask([a_pool("p", default=True, pod_affinity=selector)]), Code.NO_POOL, "Near")


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ("not json", ("ippool", "not json")),
        ('{"ipv4": "a"}', ("Expected `array`",)),
        ('{"ipv5": ["a"]}', ("ipv5",)),
        ("{}", ("names no pool",)),
        ('{"ipv4": ["gone"]}', ("gone", "does not exist")),
        ('{"ipv4": ["a", "a"]}', ("twice",)),
    ],
)
def test_a_malformed_annotation_is_refused_with_field_and_remedy(annotation: str, words: tuple[str, ...]) -> None:
    refused(ask(pod_annotations={"ipam.spidernet.io/ippool": annotation}), Code.INVALID, *words)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ('[{"interface":"net1","ipv4":["a"]}]', ("no entry for interface 'eth0'",)),
        ('[{"interface":"eth0","ipv4":["a"]},{"ipv4":["b"]}]', ("every entry or in none",)),
        ('[{"interface":"eth0","ipv4":["a"]},{"interface":"eth0","ipv4":["b"]}]', ("twice",)),
    ],
)
def test_a_malformed_list_of_interfaces_is_refused(annotation: str, words: tuple[str, ...]) -> None:
    refused(ask(pod_annotations={"ipam.spidernet.io/ippools": annotation}), Code.INVALID, *words)


def test_entries_without_interface_stand_for_interfaces_by_position() -> None:
    annotation = {"ipam.spidernet.io/ippools": '[{"ipv4":["a"]},{"ipv4":["b"],"cleangateway":true}]'}
    assert names(ask(pod_annotations=annotation)) == {4: ["a"]}
    second = ask(pod_annotations=annotation, interface="net1")
    assert names(second) == {4: ["b"]}
    assert isinstance(second, Candidates)
    assert second.clean_gateway


def test_a_pool_of_the_other_family_is_refused_by_name() -> None:
    refused(ask(configured={4: ["six"]}), Code.NO_POOL, "six", "not IPv4")


def test_no_pool_at_all_says_what_to_do() -> None:
    refused(ask([A, B]), Code.NO_POOL, "default: true")
