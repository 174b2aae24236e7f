"""Making a failing run small before anyone reads it.

A recording is shrunk by trying quieter ones: whole streams at zero, then ever smaller stretches of a stream at zero,
then single values nearer to zero. A candidate is kept when the run that it drives still fails. The result is a local
minimum: a story with the few faults and the few delays that the failure needs.
"""

from collections.abc import Callable, Iterator, Sequence

from simulator.kernel.tape import Draw, Recording

Fails = Callable[[Recording], bool]
_Draws = tuple[Draw, ...]


def shrink(recorded: Recording, fails: Fails, *, runs_max: int = 500) -> Recording:
    """The quietest recording found that still fails.

    Args:
        recorded: a recording that fails.
        fails: runs the system on a replay of a candidate and says whether the same failure appears.
        runs_max: how many candidates may be run.
    """
    search = _Search(fails, runs_max)
    best: dict[str, _Draws] = {stream: tuple(draws) for stream, draws in sorted(recorded.items())}
    while search.runs_left:
        before = dict(best)
        for stream in before:
            search.improve(best, stream, _silences(best[stream]))
            search.improve(best, stream, _smaller_values(best[stream]))
        if best == before:
            break
    return best


def loudness(recorded: Recording) -> int:
    """How many draws are not the quiet choice: what a shrunk recording has few of."""
    return sum(draw.value != 0 for draws in recorded.values() for draw in draws)


class _Search:
    def __init__(self, fails: Fails, runs_max: int) -> None:
        self._fails = fails
        self.runs_left = runs_max

    def improve(self, best: dict[str, _Draws], stream: str, edits: Iterator["_Edit"]) -> None:
        """Apply each edit to what is best by then, and keep those that still fail."""
        for edit in edits:
            if not self.runs_left:
                return
            candidate = edit(best[stream])
            if candidate == best[stream]:
                continue
            self.runs_left -= 1
            if self._fails(best | {stream: candidate}):
                best[stream] = candidate


_Edit = Callable[[_Draws], _Draws]


def _silences(draws: _Draws) -> Iterator[_Edit]:
    """Zero the whole stream, then its halves, quarters, and so on down to single draws."""
    size = len(draws)
    while size >= 1:
        for start in range(0, len(draws), size):
            yield lambda now, start=start, size=size: _with_zeros(now, start, size)  # type: ignore[misc]
        size //= 2


def _smaller_values(draws: _Draws) -> Iterator[_Edit]:
    """Halve what is left, one draw at a time."""
    for position, draw in enumerate(draws):
        value = draw.value
        while value > 1:
            value //= 2
            yield lambda now, position=position, value=value: _with_value(now, position, value)  # type: ignore[misc]


def _with_zeros(draws: Sequence[Draw], start: int, size: int) -> _Draws:
    quiet = (Draw(draw.label, draw.bound, 0) for draw in draws[start : start + size])
    return (*draws[:start], *quiet, *draws[start + size :])


def _with_value(draws: Sequence[Draw], position: int, value: int) -> _Draws:
    old = draws[position]
    if value >= old.value:
        return tuple(draws)
    return (*draws[:position], Draw(old.label, old.bound, value), *draws[position + 1 :])
