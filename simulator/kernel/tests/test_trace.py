"""One line for each event, the same in every process, and a hash over all of them."""

import hashlib

import pytest

from simulator.kernel.trace import Event, Trace


class Now:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_event_is_one_line_of_plain_text() -> None:
    now = Now()
    trace = Trace(now)
    now.seconds = 1.5
    trace.event("agent@n1", "claimed", address="10.0.0.7", tries=2, adopted=False, old=None, at=0.25)
    trace.event("n1", "power-cut")
    trace.event("api", "refused", why='name "x" = taken', families=["4", "6"], nothing="")

    assert trace.lines == [
        "1.500000 agent@n1 claimed address=10.0.0.7 tries=2 adopted=false old=null at=0.25",
        "1.500000 n1 power-cut",
        '1.500000 api refused why="name \\"x\\" = taken" families=[4,6] nothing=""',
    ]


def test_text_with_line_breaks_stays_one_line() -> None:
    trace = Trace(Now())
    trace.event("a", "b", text="two\nlines")
    assert trace.lines == ['0.000000 a b text="two\\nlines"']


def test_the_hash_covers_all_of_all_events_also_of_those_that_are_no_longer_kept() -> None:
    short, whole = Trace(Now(), events_kept=1), Trace(Now())
    for trace in (short, whole):
        trace.event("a", "first")
        trace.event("a", "second", why="late", parts=["x", "y"], number=2)

    first = b'{"number":1,"seconds":0.0,"actor":"a","what":"first","fields":{}}'
    fields = b'{"why":"late","parts":["x","y"],"number":2}'
    second = b'{"number":2,"seconds":0.0,"actor":"a","what":"second","fields":' + fields + b"}"
    assert short.lines == ["0.000000 a second why=late parts=[x,y] number=2"]
    assert short.hash == whole.hash == hashlib.sha256(first + second).hexdigest()[:16]
    short.event("a", "third")
    assert short.hash != whole.hash
    assert short.count == 3


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a", "b"}, id="a set has no order"),
        pytest.param({"a": 1}, id="a mapping"),
        pytest.param(object(), id="an object"),
        pytest.param(repr(object()), id="an address in memory"),
        pytest.param([1], id="a list of other things than text"),
    ],
)
def test_what_could_differ_between_processes_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="field odd: "):
        Trace(Now()).event("a", "b", odd=value)


def test_listeners_hear_every_event_in_the_order_in_which_they_subscribed() -> None:
    trace = Trace(Now())
    heard: list[str] = []

    def listener(name: str) -> None:
        def hear(event: Event) -> None:
            heard.append(f"{name} {event.number} {event.what} {event.fields}")

        trace.subscribe(hear)

    trace.event("a", "before")
    listener("x")
    listener("y")
    trace.event("a", "after", n=1)

    assert heard == ["x 2 after {'n': 1}", "y 2 after {'n': 1}"]
