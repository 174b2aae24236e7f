"""Randomness for simulated programs: every number that they draw is a choice on the run's tape."""

from simulator.kernel.tape import Tape


class TapeEntropy:
    """Draws from a tape under one label, such as ``agent@n1/entropy``."""

    def __init__(self, tape: Tape, label: str) -> None:
        self._tape = tape
        self._label = label

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``, each as likely; ``bound`` may be as large as 2^128."""
        return self._tape.choose(self._label, bound)
