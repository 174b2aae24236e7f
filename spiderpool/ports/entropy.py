"""Randomness as a port: what is drawn comes from an ``Entropy`` that is handed in.

On a real machine it is the operating system's; in the simulator it is the run's choice tape, so that every draw is
recorded and can be replayed or shrunk.
"""

from typing import Protocol


class Entropy(Protocol):
    """A source of choices."""

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``, each as likely; ``bound`` may be as large as 2^128."""
        ...


def jitter(entropy: Entropy, seconds: float, share: float) -> float:
    """``seconds`` made longer by up to ``share`` of it, so that repeated work of many nodes does not march in step."""
    return seconds * (1 + share * entropy.below(1 << 20) / (1 << 20))


def token(entropy: Entropy, characters: int = 8) -> str:
    """A random name part of lower-case letters and digits that are hard to mistake for each other."""
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    return "".join(alphabet[entropy.below(len(alphabet))] for _ in range(characters))
