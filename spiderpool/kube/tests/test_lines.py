"""Lines come out whole, however the pieces were cut."""

from spiderpool.kube.lines import Lines


def test_pieces_become_lines() -> None:
    lines = Lines()
    assert lines.feed(b"a\nb") == [b"a"]
    assert lines.unfinished
    assert lines.feed(b"c") == []
    assert lines.feed(b"\n\nd\n") == [b"bc", b"d"]
    assert not lines.unfinished
