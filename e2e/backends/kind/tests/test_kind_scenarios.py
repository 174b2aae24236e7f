"""The kind backend says what it lacks instead of pretending."""

import pytest

from e2e.backends import backend_named
from e2e.cluster import Cluster


async def nothing(cluster: Cluster) -> None:
    """A scenario that would pass anywhere."""


def test_the_kind_backend_names_what_is_missing_each_with_a_remedy() -> None:
    missing = backend_named("kind").missing()

    assert missing
    assert all(": " in sentence for sentence in missing)


def test_a_scenario_is_refused_with_what_is_missing_and_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="container images of agent and controller"):
        backend_named("kind").run(nothing, seed=1)
