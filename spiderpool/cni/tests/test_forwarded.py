"""What the plugin forwards is what the agent understands."""

import pytest

from spiderpool.cni.forwarded import parse_request, understand

REQUEST = (
    b"POST /v1/cni/del HTTP/1.1\r\nHost: spiderpool\r\nX-CNI-COMMAND: DEL\r\nX-CNI-NETNS: \r\n"
    b"X-CNI-CONTAINERID: 4f1c\r\nX-CNI-IFNAME: eth0\r\nX-CNI-NETNS-OVERRIDE: \xff=1:2\r\n"
    b"X-Spiderpool-Since-Ns: 81\r\nX-Spiderpool-Deadline-Ns: 99\r\nContent-Length: 4\r\n\r\n{\r\n}"
)


def test_a_tombstone_gives_back_the_call_in_every_part() -> None:
    call = parse_request(REQUEST)
    assert (call.verb, call.since_ns, call.deadline_ns, call.stdin) == ("DEL", 81, 99, b"{\r\n}")
    assert call.variables == {
        "CNI_COMMAND": "DEL",
        "CNI_NETNS": "",
        "CNI_CONTAINERID": "4f1c",
        "CNI_IFNAME": "eth0",
        "CNI_NETNS_OVERRIDE": "\udcff=1:2",
    }


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="empty"),
        pytest.param(REQUEST[:-1], id="cut in the body"),
        pytest.param(REQUEST[:60], id="cut in the head"),
        pytest.param(REQUEST + b"x", id="longer"),
        pytest.param(REQUEST.replace(b"POST", b"GET"), id="other method"),
        pytest.param(REQUEST.replace(b"/v1/cni/del", b"/v1/ipam/ip"), id="other path"),
        pytest.param(REQUEST.replace(b"/v1/cni/del", b"/v1/cni/add"), id="path and command disagree"),
        pytest.param(REQUEST.replace(b"Since-Ns: 81", b"Since-Ns: -1"), id="no instant"),
        pytest.param(REQUEST.replace(b"Host: ", b"Host "), id="header without colon"),
    ],
)
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_request(damaged)


def test_a_path_without_a_verb_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        understand("/v1/cni/", {}, b"")
