"""The page shows what the trace says, and nothing in a trace can break it."""

from html.parser import HTMLParser

from simulator.kernel.trace import Trace
from simulator.report.page import page
from simulator.report.timeline import timeline


def a_trace() -> Trace:
    now = [0.0]
    trace = Trace(lambda: now[0])
    trace.event("n1", "boot", boot_id="b")
    now[0] = 1.0
    trace.event("n1", "cni-begin", program="spiderpool", verb="ADD", container="c1", pod="web-0")
    trace.event("n1", "address-up", address="10.0.0.1/24", interface="eth0", container="c1")
    now[0] = 3.0
    trace.event("agent@n1", "crash")
    trace.event("n1", "address-down", address="10.0.0.1/24", interface="eth0", container="c1")
    trace.event("n2", "address-up", address="10.0.0.2/24", interface="eth0", container="<c2>")
    now[0] = 5.0
    trace.event("oracle", "violation", rule="ONE_INTERFACE", sentence="10.0.0.2 is on <two> & more")
    return trace


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.titles: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "input", "rect", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "title":
            self.titles.append(data)


def test_an_address_is_a_bar_from_up_to_down_and_what_is_still_up_lasts_to_the_end() -> None:
    seen = timeline(a_trace().events)
    bars = [(bar.node, bar.pod, bar.address, bar.start, bar.end) for bar in seen.bars]
    assert bars == [("n1", "web-0", "10.0.0.1/24", 1.0, 3.0), ("n2", "", "10.0.0.2/24", 3.0, 5.0)]
    assert seen.nodes == ["n1", "n2"]


def test_calls_faults_and_violations_are_marked_on_the_lane_of_their_node() -> None:
    marks = [(mark.lane, mark.kind, mark.at) for mark in timeline(a_trace().events).marks]
    assert marks == [("n1", "start", 0.0), ("n1", "add", 1.0), ("n1", "fault", 3.0), ("oracle", "violation", 5.0)]


def test_the_page_is_well_formed_self_contained_and_names_the_violation_first() -> None:
    trace = a_trace()
    text = page(timeline(trace.events), title="demo <7>", trace=trace.hash)
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert "10.0.0.2 is on <two> & more" in reader.text
    assert text.index("violated:") < text.index("<svg")
    assert "http" not in text
    assert any("10.0.0.1/24 of pod web-0" in title for title in reader.titles)


def test_a_run_without_violations_says_so() -> None:
    trace = Trace(lambda: 0.0)
    assert "no rule was broken" in page(timeline(trace.events), title="empty", trace=trace.hash)
