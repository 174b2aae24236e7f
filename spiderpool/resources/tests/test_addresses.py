"""One address, one name; one subnet, one text. What is refused says what to write instead."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiderpool.resources.addresses import (
    BITS,
    MAPPED_SPAN,
    Address,
    Family,
    Subnet,
    address_of_claim,
    address_text,
    claim_name,
    interface_text,
    parse_address,
    parse_interface,
    parse_subnet,
)

families: st.SearchStrategy[Family] = st.sampled_from([4, 6])


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    family = draw(families)
    value = draw(st.integers(0, (1 << BITS[family]) - 1) | st.integers(0, 300))
    if family == 6 and MAPPED_SPAN[0] <= value <= MAPPED_SPAN[1]:
        value += 1 << 32
    return Address(family, value)


@given(addresses())
def test_an_address_survives_its_text(address: Address) -> None:
    assert parse_address(str(address)) == address


@given(addresses())
def test_an_address_survives_its_claim_name(address: Address) -> None:
    assert address_of_claim(claim_name(address)) == address


@given(addresses())
def test_a_claim_name_is_a_kubernetes_name_of_at_most_39_characters(address: Address) -> None:
    name = claim_name(address)
    assert len(name) <= 39
    assert all(character in "0123456789abcdef.-" for character in name)
    assert name[0] not in ".-"
    assert name[-1] not in ".-"


@given(addresses(), addresses())
def test_two_addresses_never_share_a_name(one: Address, other: Address) -> None:
    assert (claim_name(one) == claim_name(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("fd00::1", "fd00-0000-0000-0000-0000-0000-0000-0001"),
        ("FD00:0:0::0001", "fd00-0000-0000-0000-0000-0000-0000-0001"),
        ("::", "0000-0000-0000-0000-0000-0000-0000-0000"),
        ("64:ff9b::192.0.2.1", "0064-ff9b-0000-0000-0000-0000-c000-0201"),
    ],
)
def test_every_spelling_of_an_address_leads_to_one_name(text: str, name: str) -> None:
    assert claim_name(parse_address(text)) == name


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "write one such as 10.0.0.5 or fd00::5"),
        ("pod-1", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.256", "write one such as 10.0.0.5 or fd00::5"),
        ("010.0.0.1", "write one such as 10.0.0.5 or fd00::5"),
        (" 10.0.0.1", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.0/24", "leave out /24"),
        ("fd00::1/64", "leave out /64"),
        ("fe80::1%eth0", "write the address without %eth0"),
        ("::ffff:10.0.0.1", "write it as the IPv4 address 10.0.0.1"),
        ("::ffff:0a00:1", "write it as the IPv4 address 10.0.0.1"),
    ],
)
def test_a_refused_address_says_what_to_write_instead(text: str, remedy: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  the text is what is judged
        parse_address(text)
    assert repr(text) in str(refusal.value)
    assert remedy in str(refusal.value)


def test_a_mapped_address_has_no_name() -> None:
    with pytest.raises(ValueError, match=r"IPv4 address 10\.0\.0\.1"):
        claim_name(Address(6, 0xFFFF0A000001))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fd00::1", "canonical name of fd00::1; that is fd00-0000-0000-0000-0000-0000-0000-0001"),
        ("fd00-0-0-0-0-0-0-1", "that is fd00-0000-0000-0000-0000-0000-0000-0001"),
        ("FD00-0000-0000-0000-0000-0000-0000-0001", "that is fd00-0000-0000-0000-0000-0000-0000-0001"),
        ("10-0-0-1", "'10-0-0-1' is not the name of an address"),
        ("10.0.0.1.blue", "'10.0.0.1.blue' is not the name of an address"),
        ("0000-0000-0000-0000-0000-ffff-0a00-0001", "is not the name of an address"),
        ("", "'' is not the name of an address"),
    ],
)
def test_a_name_that_is_not_canonical_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  the text is what is judged
        address_of_claim(name)
    assert reason in str(refusal.value)


@st.composite
def subnets(draw: st.DrawFn) -> Subnet:
    family = draw(families)
    prefix = draw(st.integers(0, BITS[family]))
    host_bits = BITS[family] - prefix
    network = draw(st.integers(0, (1 << prefix) - 1)) << host_bits
    if family == 6 and prefix >= 96 and network >> 32 == 0xFFFF:
        network += 1 << 32
    return Subnet(family, network, prefix)


@given(subnets())
def test_a_subnet_survives_its_text(subnet: Subnet) -> None:
    assert parse_subnet(str(subnet)) == subnet


@given(subnets())
def test_a_subnet_has_the_ends_that_the_standard_library_gives(subnet: Subnet) -> None:
    network = ipaddress.ip_network(str(subnet))
    assert subnet.first == int(network.network_address)
    assert subnet.last == int(network.broadcast_address)
    assert subnet.contains(subnet.first)
    assert subnet.contains(subnet.last)
    assert not subnet.contains(subnet.first - 1)
    assert not subnet.contains(subnet.last + 1)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("10.0.0.1", "write it with a prefix length, such as 10.0.0.0/24"),
        ("", "write it with a prefix length"),
        ("10.0.0.0/", "write it as 10.0.0.0/24 or fd00::/64"),
        ("10.0.0.0/33", "write it as 10.0.0.0/24 or fd00::/64"),
        ("10.0.0.5/24", "write 10.0.0.0/24"),
        ("10.0.0.0/024", "write 10.0.0.0/24"),
        ("10.0.0.0/255.255.255.0", "write 10.0.0.0/24"),
        ("FD00::/64", "write fd00::/64"),
        ("fd00:0::/64", "write fd00::/64"),
        ("fe80::%eth0/64", "write the subnet without %eth0"),
        ("::ffff:0:0/96", "write it as the IPv4 subnet 0.0.0.0/0"),
        ("::ffff:a00:0/120", "write it as the IPv4 subnet 10.0.0.0/24"),
    ],
)
def test_a_refused_subnet_says_what_to_write_instead(text: str, remedy: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  the text is what is judged
        parse_subnet(text)
    assert repr(text) in str(refusal.value)
    assert remedy in str(refusal.value)


@given(addresses(), st.data())
@settings(max_examples=50)
def test_an_interface_address_survives_its_text(address: Address, data: st.DataObject) -> None:
    prefix = data.draw(st.integers(0, BITS[address.family]))
    assert parse_interface(interface_text(address, prefix)) == (address, prefix)


@pytest.mark.parametrize(
    "text", ["10.0.0.5", "10.0.0.5/", "10.0.0.5/x", "10.0.0.5/-1", "10.0.0.5/33", "fd00::5/129", "10.0.0.5/²", "/24"]
)
def test_a_refused_interface_address_says_what_to_write_instead(text: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.5") as refusal:
        parse_interface(text)
    assert repr(text) in str(refusal.value) or repr(text.partition("/")[0]) in str(refusal.value)


def test_addresses_are_ordered_by_family_and_then_by_number() -> None:
    texts = ["fd00::2", "10.0.0.9", "fd00::1", "10.0.0.10"]
    assert [str(address) for address in sorted(map(parse_address, texts))] == [
        "10.0.0.9",
        "10.0.0.10",
        "fd00::1",
        "fd00::2",
    ]


def test_the_text_of_a_number_is_the_usual_one() -> None:
    assert address_text(4, 0x0A000001) == "10.0.0.1"
    assert address_text(6, 1) == "::1"
