"""Workloads: what makes one, and what may be changed."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.manifests import CONTAINERS, SELECTOR, TEMPLATE, manifest, place

pytestmark = pytest.mark.section("C.3 workloads")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
SELECTING = ["deployments", "replicasets", "statefulsets", "daemonsets"]


def _create(space: Workspace, plural: str, **spec: Any) -> Any:
    body = manifest(plural, "a")
    body["spec"] = {**body["spec"], **spec}
    return space.face.send("POST", place(plural, space.namespace), body)


@pytest.mark.parametrize("plural", SELECTING)
def test_the_selector_must_match_the_template(space: Workspace, plural: str) -> None:
    answer = _create(space, plural, selector={"matchLabels": {"app": "other"}})
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", SELECTING)
def test_a_selector_is_required(space: Workspace, plural: str) -> None:
    body = manifest(plural, "a")
    body["spec"] = {name: value for name, value in body["spec"].items() if name != "selector"}
    assert space.face.send("POST", place(plural, space.namespace), body).refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", SELECTING)
def test_an_empty_selector_is_refused(space: Workspace, plural: str) -> None:
    assert _create(space, plural, selector={}).refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", SELECTING)
def test_a_selector_stays(space: Workspace, plural: str) -> None:
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, "a"))
    labels = {"app": "b"}
    patch = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    answer = space.face.send("PATCH", place(plural, space.namespace, "a"), patch, content_type=MERGE)
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", [*SELECTING, "jobs"])
def test_the_template_is_a_pod_that_can_run(space: Workspace, plural: str) -> None:
    broken: Json = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main"}]}}
    if plural == "jobs":
        broken["spec"]["restartPolicy"] = "Never"
    assert _create(space, plural, template=broken).refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", ["deployments", "replicasets", "statefulsets", "daemonsets"])
def test_the_pods_of_a_workload_start_again(space: Workspace, plural: str) -> None:
    template = {**TEMPLATE, "spec": {**CONTAINERS, "restartPolicy": "Never"}}
    assert _create(space, plural, template=template).refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", ["deployments", "replicasets", "statefulsets"])
def test_replicas_are_never_negative(space: Workspace, plural: str) -> None:
    answer = _create(space, plural, replicas=-1)
    assert (answer.refusal, answer.causes) == ((422, "Invalid"), [("spec.replicas", "FieldValueInvalid")])


@pytest.mark.parametrize("plural", SELECTING)
def test_a_new_template_is_a_new_generation(space: Workspace, plural: str) -> None:
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, "a"))
    patch = {"spec": {"template": {"metadata": {"annotations": {"k": "v"}}}}}
    answer = space.face.send("PATCH", place(plural, space.namespace, "a"), patch, content_type=MERGE)
    assert answer.metadata["generation"] == 2


STRATEGIES: dict[str, Json] = {
    "recreate": {"type": "Recreate"},
    "numbers": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    "nothing-moves": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
    "recreate-rolling": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
    "odd": {"type": "Odd"},
    "too-much": {"rollingUpdate": {"maxUnavailable": "120%"}},
}


@pytest.mark.parametrize("case", sorted(STRATEGIES))
def test_a_deployment_has_a_strategy(space: Workspace, case: str) -> None:
    answer = _create(space, "deployments", strategy=STRATEGIES[case])
    assert answer.status == (201 if case in ("recreate", "numbers") else 422)


def test_a_deployment_gives_up_after_it_may_be_ready(space: Workspace) -> None:
    answer = _create(space, "deployments", progressDeadlineSeconds=10, minReadySeconds=10)
    assert answer.refusal == (422, "Invalid")


def test_of_a_stateful_set_little_can_be_changed(space: Workspace) -> None:
    space.bare.send("POST", space.path("statefulsets"), manifest("statefulsets", "a"))
    path = space.path("statefulsets", "a")
    for spec, status in (
        ({"replicas": 3}, 200),
        ({"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}, 200),
        ({"serviceName": "other"}, 422),
        ({"podManagementPolicy": "Parallel"}, 422),
    ):
        assert space.face.send("PATCH", path, {"spec": spec}, content_type=MERGE).status == status


def test_a_stateful_set_may_begin_at_another_number(space: Workspace) -> None:
    assert _create(space, "statefulsets", ordinals={"start": 5}).body["spec"]["ordinals"] == {"start": 5}


def test_a_job_is_known_by_its_uid(space: Workspace) -> None:
    born = _create(space, "jobs")
    uid = born.metadata["uid"]
    assert born.body["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


JOBS: dict[str, Json] = {
    "restarts-always": {"template": {"spec": {**CONTAINERS, "restartPolicy": "Always"}}},
    "no-restart-policy": {"template": {"spec": CONTAINERS}},
    "negative": {"parallelism": -1},
    "own-selector": {"selector": SELECTOR},
    "deadline": {"activeDeadlineSeconds": -1},
}


@pytest.mark.parametrize("case", sorted(JOBS))
def test_a_job_has_rules(space: Workspace, case: str) -> None:
    answer = _create(space, "jobs", **JOBS[case])
    assert answer.status == 422, answer.body


def test_of_a_job_the_template_stays(space: Workspace) -> None:
    space.bare.send("POST", place("jobs", space.namespace), manifest("jobs", "a"))
    path = place("jobs", space.namespace, "a")
    patch = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    assert space.face.send("PATCH", path, patch, content_type=MERGE).status == 422
    assert space.face.send("PATCH", path, {"spec": {"completions": 3}}, content_type=MERGE).status == 422
    assert space.face.send("PATCH", path, {"spec": {"parallelism": 3}}, content_type=MERGE).status == 200
    assert space.face.send("PATCH", path, {"spec": {"suspend": True}}, content_type=MERGE).status == 200


@pytest.mark.parametrize("schedule", ["every day", "61 * * * *", ""])
def test_a_cron_job_has_a_schedule(space: Workspace, schedule: str) -> None:
    assert _create(space, "cronjobs", schedule=schedule).refusal == (422, "Invalid")


def test_a_daemon_set_waits_or_surges(space: Workspace) -> None:
    surge = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert _create(space, "daemonsets", updateStrategy=surge).status == 201


def test_a_daemon_set_cannot_do_both(space: Workspace) -> None:
    both = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    assert _create(space, "daemonsets", updateStrategy=both).refusal == (422, "Invalid")
