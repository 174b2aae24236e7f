"""A mutant: one rule taken away from the product's functions, for as long as a block lasts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """``place.name`` becomes ``make(what it was)``; ``place`` is a module or a class."""

    place: Any
    name: str
    make: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One bug.

    Attributes:
        name: as tests call it.
        rule: the rule of docs/ledger.md that it takes away.
        bug: what the product does wrong with it, in one sentence.
        patches: gives the replacements; called once for each use, so that a mutant may keep something between calls.
    """

    name: str
    rule: str
    bug: str
    patches: Callable[[], tuple[Patch, ...]]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The product with this bug, until the block ends."""
        with ExitStack() as stack:
            for patch in self.patches():
                stack.enter_context(_replaced(patch))
            yield


@contextmanager
def _replaced(patch: Patch) -> Iterator[None]:
    before = getattr(patch.place, patch.name)
    setattr(patch.place, patch.name, patch.make(before))
    try:
        yield
    finally:
        setattr(patch.place, patch.name, before)
