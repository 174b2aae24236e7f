"""The kind backend of the scenarios, as far as it can be told without having been run.

Creating the cluster and its underlay is written (``cluster.py``). Installing Spiderpool there is not: agent and
controller run as pods on kind, and have no images yet; ``missing`` says so, and a scenario that is run all the same is
refused with that sentence.
"""

from e2e.backends.kind import requirements
from e2e.cluster import Capability
from e2e.scenario import Body


class KindBackend:
    """A kind cluster: Kubernetes in Docker."""

    name = "kind"
    capabilities: frozenset[Capability] = frozenset()

    def missing(self) -> list[str]:
        """What this machine and the project lack for it, each with the remedy."""
        return [str(each) for each in requirements.missing()]

    def run(self, body: Body, *, seed: int) -> None:
        """Refuse to run a scenario.

        Raises:
            NotImplementedError: what is missing.
        """
        raise NotImplementedError(f"no scenario runs on kind yet: {'; '.join(self.missing())}")

    def close(self) -> None:
        """Nothing was made."""
