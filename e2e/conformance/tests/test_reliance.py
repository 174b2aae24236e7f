"""Nothing relies on a behaviour of the API server that no claim proves.

What the product, the simulated controllers and the scenarios ask for in a run (verb, resource, options) is held against
what the claims ask for. A combination without a claim could differ from the real server without anybody noticing.
"""

import importlib
import inspect
import json
import pkgutil

import pytest

from e2e import scenarios
from e2e.backends.simulator import SimulatorBackend
from e2e.conformance.recording import FOLDER
from simulator.cluster.world import World
from simulator.demo import Demo
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.api import ApiRequest
from simulator.kube.calls import Asked, asked

Seen = dict[Asked, str]


def _proven() -> set[str]:
    found: set[str] = set()
    for file in FOLDER.glob("*.json"):
        found |= {exchange["asks"] for exchange in json.loads(file.read_text()) if "asks" in exchange}
    return found


def _listen(world: World, seen: Seen) -> None:
    def note(request: ApiRequest, watch: bool) -> None:
        seen.setdefault(asked(request, watch=watch), f"{request.method} {request.path} by {request.user}")

    world.server.on_request = note


def _asked_by_scenarios(seen: Seen) -> None:
    backend = SimulatorBackend()
    backend.on_world = lambda world: _listen(world, seen)
    for module in pkgutil.iter_modules(scenarios.__path__):
        stories = importlib.import_module(f"{scenarios.__name__}.{module.name}")
        for name, story in inspect.getmembers(stories, inspect.isfunction):
            if name.startswith("test_"):
                try:
                    story(backend, 7)
                except pytest.skip.Exception:
                    continue


def _asked_by_the_demo(seen: Seen) -> None:
    tape = Tape(7)

    async def main() -> None:
        world = World(tape)
        _listen(world, seen)
        await Demo(world, _nobody_listens).run(_nobody_listens)
        await world.stop()

    run(main(), tape, leaks_allowed=True)


def _nobody_listens(*_: object) -> None:
    """The demo's words and tables go nowhere."""


def test_whatever_a_run_asks_of_the_api_server_some_claim_proves() -> None:
    seen: Seen = {}
    _asked_by_scenarios(seen)
    _asked_by_the_demo(seen)
    proven = _proven()
    missing = {str(one): example for one, example in seen.items() if str(one) not in proven}
    assert len(seen) > 50
    assert not missing, "no claim asks for:\n" + "\n".join(
        f"{one}   ({example})" for one, example in sorted(missing.items())
    )
