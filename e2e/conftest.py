"""--backend and --seed: where scenarios run, and which run of the simulator."""

from collections.abc import Iterator

import pytest

from e2e.scenario import Backend


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("spiderpool")
    group.addoption(
        "--backend", default="simulator", choices=("simulator", "local", "kind"), help="where scenarios run"
    )
    group.addoption("--seed", type=int, default=7, help="seed of simulated runs")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    from e2e.backends import backend_named

    chosen = backend_named(request.config.getoption("--backend"))
    if missing := chosen.missing():
        pytest.skip(f"backend {chosen.name}: {'; '.join(missing)}")
    yield chosen
    chosen.close()
