"""The choice tape: the only place where chance enters a run.

Everything that could go one way or another (latencies, faults, names, the product's own random numbers) is drawn here,
by a label. What is drawn is recorded, so that a run can be repeated without its seed, and made smaller: a recording
whose values are nearer to zero is a quieter run, because zero always means the quiet choice (the first of several, no
fault, the shortest delay).

The part of a label before its first ``/`` names a stream. Each stream has a generator of its own, made from the seed
and the stream's name, so that one component which draws more or less than before does not change what the others draw.
Labels read ``component/what``: ``network/latency``, ``agent@n1/entropy``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from random import Random  # noqa: TID251  this is where all randomness of a run comes from

import msgspec

_FRACTION_BOUND = 1 << 32  # a fraction is drawn as one of this many steps
_FLOAT_BOUND_MAX = 1 << 32  # up to here one float draw is even enough, and fast


class Draw(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One choice: ``value`` of ``0 .. bound - 1`` was drawn for ``label``."""

    label: str
    bound: int
    value: int


Recording = Mapping[str, Sequence[Draw]]
"""All draws of a run: stream name to its draws in order."""


class _Stream:
    """A generator and what was drawn from it."""

    __slots__ = ("bits", "draws", "name", "random")

    def __init__(self, name: str, generator: Random) -> None:
        self.name = name
        self.random = generator.random
        self.bits = generator.getrandbits
        self.draws: list[Draw] = []


class TapeMismatch(Exception):
    """A strict replay asked for something else than what was recorded: the run is not the recorded one."""


class Tape:
    """Draws by label, from a seed or from a recording.

    Args:
        seed: decides everything that is drawn.
        record: False saves memory in very long runs; the seed alone then repeats the run.
    """

    def __init__(self, seed: int, *, record: bool = True) -> None:
        self.seed = seed
        self._record = record
        self._by_name: dict[str, _Stream] = {}
        self._streams: dict[str, _Stream] = {}  # by label
        self._replayed: Recording | None = None
        self._strict = False

    @classmethod
    def replay(cls, recorded: Recording, *, seed: int = 0, strict: bool = False) -> "Tape":
        """A tape that gives the recorded values again.

        A run from a changed recording soon asks other questions than the recorded one. Then a value is folded into
        the bound that is asked for, and a stream that has ended goes on with zeros.

        Args:
            recorded: what ``recording`` of another tape gave, whole or shrunk.
            seed: what ``seed`` of the new tape says; nothing is drawn from it.
            strict: raise ``TapeMismatch`` at the first question that differs instead.
        """
        tape = cls(seed)
        tape._replayed = recorded
        tape._strict = strict
        return tape

    @property
    def recording(self) -> Recording:
        """What has been drawn so far."""
        return {name: tuple(stream.draws) for name, stream in self._by_name.items()}

    def choose(self, label: str, bound: int) -> int:
        """A number from 0 to ``bound - 1``, each as likely; ``bound`` may be as large as 2^128."""
        if bound < 1:
            raise ValueError(f"{label}: nothing to choose from (bound {bound})")
        return self._drawn(label, bound, None)

    def chance(self, label: str, probability: float) -> bool:
        """Whether the unlikely thing happens; it is drawn even at 0 and 1, so that a switch shifts no later draw."""
        return self._drawn(label, 2, probability) == 1

    def uniform(self, label: str, low: float, high: float) -> float:
        """A number from ``low`` to just below ``high``; ``low`` is the quiet choice."""
        stream = self._streams.get(label)
        if stream is None or self._replayed is not None:
            value = self._drawn(label, _FRACTION_BOUND, None)
        else:  # as below: nothing is drawn as often as this
            value = int(stream.random() * _FRACTION_BOUND)
            if self._record:
                stream.draws.append(Draw(label, _FRACTION_BOUND, value))
        return low + (high - low) * (value / _FRACTION_BOUND)

    def _drawn(self, label: str, bound: int, probability: float | None) -> int:
        stream = self._streams.get(label) or self._stream(label)
        if self._replayed is not None:
            value = self._from_recording(stream, label, bound)
        elif probability is not None:
            value = int(stream.random() < probability)
        elif bound <= _FLOAT_BOUND_MAX:
            value = int(stream.random() * bound)
        else:
            value = stream.bits(bound.bit_length() + 64) % bound
        if self._record or self._replayed is not None:
            stream.draws.append(Draw(label, bound, value))
        return value

    def _stream(self, label: str) -> "_Stream":
        """The stream of a label that is drawn for the first time."""
        name = label.partition("/")[0]
        stream = self._by_name.get(name)
        if stream is None:
            digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
            stream = self._by_name[name] = _Stream(name, Random(int.from_bytes(digest, "big")))
        self._streams[label] = stream
        return stream

    def _from_recording(self, stream: "_Stream", label: str, bound: int) -> int:
        assert self._replayed is not None
        draws, position = self._replayed.get(stream.name, ()), len(stream.draws)
        old = draws[position] if position < len(draws) else None
        if self._strict and (old is None or (old.label, old.bound) != (label, bound)):
            raise TapeMismatch(f"draw {position} of {stream.name}: recorded {old}, asked for {label} below {bound}")
        return old.value % bound if old is not None else 0


def to_json(recorded: Recording) -> str:
    """A recording as one line of JSON, for a file beside a failing run."""
    return msgspec.json.encode({stream: list(draws) for stream, draws in sorted(recorded.items())}).decode()


def from_json(text: str) -> Recording:
    """The recording that ``to_json`` wrote.

    Raises:
        ValueError: the text is not a recording.
    """
    content = json.loads(text)
    return {stream: tuple(draws) for stream, draws in msgspec.convert(content, dict[str, list[Draw]]).items()}
