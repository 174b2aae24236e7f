from typing import Any

import pytest

from simulator.kube.node.pod_plan import PodPlan, plan_of


def pod(policy: str, *commands: list[str], **annotations: str) -> dict[str, Any]:
    containers = [{"name": f"c{number}", "command": command} for number, command in enumerate(commands)]
    notes = {f"simulator/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return {"metadata": {"annotations": notes}, "spec": {"restartPolicy": policy, "containers": containers}}


@pytest.mark.parametrize(
    ("given", "plan"),
    [
        (pod("Never", ["/bin/sleep", "2"]), PodPlan(runs_for_seconds=2)),
        (pod("Never", ["sh", "-c", "sleep 2; sleep 1; exit 3"]), PodPlan(runs_for_seconds=3, exit_code=3)),
        (pod("Never", ["sleep", "2"], ["sleep", "5"]), PodPlan(runs_for_seconds=5)),
        (pod("Never", ["sh", "-c", "exit 1"]), PodPlan(runs_for_seconds=0, exit_code=1)),
        (pod("OnFailure", ["sh", "-c", "exit 1"]), PodPlan()),
        (pod("OnFailure", ["sleep", "1"]), PodPlan(runs_for_seconds=1)),
        (pod("Always", ["sleep", "1"]), PodPlan()),
        (pod("Never", ["nginx"]), PodPlan()),
        (pod("Never", ["sleep", "2"], ["nginx"]), PodPlan()),
        (pod("Never", ["nginx"], runs_for_seconds="4", exit_code="7"), PodPlan(runs_for_seconds=4, exit_code=7)),
    ],
)
def test_a_pod_says_how_long_it_runs_and_how_it_ends(given: dict[str, Any], plan: PodPlan) -> None:
    assert plan_of(given) == plan
