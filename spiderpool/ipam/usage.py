"""The usage summary: which addresses of a pool were taken, small enough to live in the pool's status.

Agents do not watch the ledger; they propose an address that this summary leaves free, and the API server decides. So
the summary is a hint: it may be old, and no safety rule reads it (ledger rule L4 covers a summary that hides a free
address). What it must be is small (at most 6 kB), cheap to make, and harmless when it cannot be read.

Addresses are counted by position in ``SpiderIPPool.usable``, the set before reserved addresses: that set changes only
with the pool's spec. The data begins with a checksum of the set, so a summary of other addresses is never mistaken for
one of these:

| encoding | pools | data after the checksum (all base64) |
| --- | --- | --- |
| bitmap | up to 2^15 addresses | one bit for each position, lowest bit first, 1 = taken |
| buckets | larger ones | for each of at most 256 equal buckets the number taken, 4 bytes each, big-endian |
"""

import binascii
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.pool import Usage

BITMAP_POSITIONS = 1 << 15
BUCKETS = 256
_COUNT_LIMIT = (1 << 32) - 1
_CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a summary says about the positions 0 to ``size - 1``. Without one, everything may be free.

    ``free_bits`` has a 1 for each position that was free; ``taken_counts`` one number for each bucket. At most one of
    the two is there.
    """

    size: int
    free_bits: int | None = None
    taken_counts: Sequence[int] = ()

    @property
    def is_known(self) -> bool:
        """Whether there was a readable summary at all."""
        return self.free_bits is not None or bool(self.taken_counts)

    @property
    def free(self) -> int:
        """How many positions were not known to be taken."""
        if self.free_bits is not None:
            return self.free_bits.bit_count()
        return sum(self.weight(bucket) for bucket in range(self.buckets))

    @property
    def buckets(self) -> int:
        """Number of buckets; all positions are one bucket where single positions are known, or nothing is."""
        return len(self.taken_counts) or 1

    def bounds(self, bucket: int) -> range:
        """The positions of a bucket."""
        if not self.taken_counts:
            return range(self.size)
        width = _width(self.size)
        return range(bucket * width, min(self.size, (bucket + 1) * width))

    def weight(self, bucket: int) -> int:
        """How many positions of a bucket were not known to be taken."""
        if self.free_bits is not None:
            return self.free_bits.bit_count()
        positions = self.bounds(bucket)
        taken = self.taken_counts[bucket] if self.taken_counts else 0
        return max(0, positions.stop - positions.start - taken)

    def is_taken(self, position: int) -> bool | None:
        """Whether a position was taken; None where the summary cannot tell."""
        if self.free_bits is not None:
            return not self.free_bits >> position & 1
        if self.taken_counts and not self.weight(position // _width(self.size)):
            return True
        return None

    def pick(self, draw: int) -> int:
        """A position that may be free. Draws from 0 to ``free - 1`` are spread evenly over what is free.

        Raises:
            IndexError: there are not so many free positions.
        """
        if not 0 <= draw < self.free:
            raise IndexError(f"draw {draw} of {self.free} free positions")
        if self.free_bits is not None:
            return _position_of_one(self.free_bits, draw)
        left = draw
        for bucket in range(self.buckets):
            weight = self.weight(bucket)
            if left < weight:
                positions = self.bounds(bucket)
                # Which ones of a bucket are free is not known: stretch the draw over all of it.
                return positions.start + left * (positions.stop - positions.start) // weight
            left -= weight
        raise AssertionError("free is the sum of the weights")

    def next_free(self, position: int) -> int | None:
        """The lowest position from ``position`` on that may be free; None when there is none."""
        if position >= self.size:
            return None
        if self.free_bits is not None:
            rest = self.free_bits >> position
            return position + (rest & -rest).bit_length() - 1 if rest else None
        if not self.taken_counts:
            return position
        for bucket in range(position // _width(self.size), self.buckets):
            if self.weight(bucket):
                return max(position, self.bounds(bucket).start)
        return None


def encode(usable: IntervalSet, taken: Iterable[int], *, generation: int, revision: str) -> Usage:
    """Summarise a pool.

    Args:
        usable: the addresses that the pool may hand out, before reserved addresses.
        taken: claimed addresses as numbers, in any order; those outside ``usable`` do not count.
        generation: the pool's generation that ``usable`` was read from.
        revision: the resource version of the claims that ``taken`` was read from.
    """
    size = usable.size
    positions = _positions(usable, sorted(set(taken)))
    if size <= BITMAP_POSITIONS:
        encoding, body = "bitmap", _bitmap(size, positions)
    else:
        encoding, body = "buckets", _counts(size, positions)
    data = binascii.b2a_base64(_checksum(usable) + body, newline=False).decode()
    return Usage(generation=generation, revision=revision, encoding=encoding, data=data)


def decode(usage: Usage | None, usable: IntervalSet) -> Hint:
    """Read a summary of exactly these addresses; broken, foreign or absent ones give a hint that knows nothing."""
    size = usable.size
    unknown = Hint(size=size)
    if usage is None:
        return unknown
    try:
        data = binascii.a2b_base64(usage.data.encode(), strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is text that is not ASCII
        return unknown
    checksum, body = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if checksum != _checksum(usable):
        return unknown
    if usage.encoding == "bitmap" and size <= BITMAP_POSITIONS and len(body) == (size + 7) // 8:
        taken = int.from_bytes(body, "little")
        return Hint(size=size, free_bits=((1 << size) - 1) & ~taken)
    if usage.encoding == "buckets" and size > BITMAP_POSITIONS and len(body) == 4 * _buckets(size):
        return Hint(size=size, taken_counts=struct.unpack(f">{_buckets(size)}I", body))
    return unknown


def _width(size: int) -> int:
    return -(-size // BUCKETS)


def _buckets(size: int) -> int:
    return -(-size // _width(size))


def _checksum(usable: IntervalSet) -> bytes:
    text = ",".join(f"{first:x}-{last:x}" for first, last in usable)
    return binascii.crc32(text.encode()).to_bytes(_CHECKSUM_BYTES, "big")


def _positions(usable: IntervalSet, values: Iterable[int]) -> Iterator[int]:
    """The positions of sorted values, in one walk over the set."""
    spans = iter(usable)
    first, last, before = 0, -1, 0
    for value in values:
        while value > last:
            before += last - first + 1
            following = next(spans, None)
            if following is None:
                return
            first, last = following
        if value >= first:
            yield before + value - first


def _bitmap(size: int, positions: Iterable[int]) -> bytes:
    bits = bytearray((size + 7) // 8)
    for position in positions:
        bits[position >> 3] |= 1 << (position & 7)
    return bytes(bits)


def _counts(size: int, positions: Iterable[int]) -> bytes:
    width = _width(size)
    counts = [0] * _buckets(size)
    for bucket, members in groupby(positions, key=lambda position: position // width):
        counts[bucket] = min(_COUNT_LIMIT, sum(1 for _ in members))
    return struct.pack(f">{len(counts)}I", *counts)


def _position_of_one(bits: int, index: int) -> int:
    """Where the one with this index stands, by halving."""
    position, width = 0, bits.bit_length()
    while width > 1:
        half = width // 2
        low = bits & ((1 << half) - 1)
        ones = low.bit_count()
        if index < ones:
            bits, width = low, half
        else:
            index -= ones
            position += half
            bits >>= half
            width -= half
    return position
