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
    "odd-mode": {"completionMode": "Odd"},
    "indexed-without-end": {"completionMode": "Indexed", "parallelism": 2},
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


SCHEDULES = {
    "none": "",
    "words": "every day",
    "minute": "61 * * * *",
    "hour": "* 24 * * *",
    "day": "* * 0 * *",
    "month": "* * * 13 *",
    "weekday": "* * * * 7",
    "backwards": "5-1 * * * *",
    "hyphens": "1-2-3 * * * *",
    "slashes": "1/2/3 * * * *",
    "no-step": "*/0 * * * *",
    "no-number": "x * * * *",
    "no-name": "0 0 * Jan Xyz",
    "shorthand": "@fortnightly",
    "duration": "@every soon",
    "zone": "TZ=UTC 0 0 * * *",
    "no-zone": "TZ=Atlantis/Harbour 0 0 * * *",
}


@pytest.mark.parametrize("case", sorted(SCHEDULES))
def test_a_cron_job_has_a_schedule(space: Workspace, case: str) -> None:
    assert _create(space, "cronjobs", schedule=SCHEDULES[case]).refusal == (422, "Invalid")


def test_a_schedule_has_names_steps_and_shorthands(space: Workspace) -> None:
    for number, schedule in enumerate(("@daily", "@every 1h30m", "*/5,7 0-6/2 ? jan-MAR Mon,5")):
        body = manifest("cronjobs", f"c{number}")
        body["spec"]["schedule"] = schedule
        assert space.face.send("POST", place("cronjobs", space.namespace), body).status == 201


ZONES = {"none": "", "local": "Local", "unknown": "Atlantis/Harbour", "dots": "Europe/../Berlin", "space": "a zone"}


@pytest.mark.parametrize("case", sorted(ZONES))
def test_a_cron_job_has_a_time_zone_that_is_known(space: Workspace, case: str) -> None:
    assert _create(space, "cronjobs", timeZone=ZONES[case]).refusal == (422, "Invalid")


CRON_JOBS: dict[str, Json] = {
    "policy": {"concurrencyPolicy": "Perhaps"},
    "deadline": {"startingDeadlineSeconds": -1},
    "kept": {"successfulJobsHistoryLimit": -1, "failedJobsHistoryLimit": -1},
}


@pytest.mark.parametrize("case", sorted(CRON_JOBS))
def test_a_cron_job_has_rules(space: Workspace, case: str) -> None:
    assert _create(space, "cronjobs", **CRON_JOBS[case]).refusal == (422, "Invalid")


def test_the_name_of_a_cron_job_leaves_room_for_those_of_its_jobs(space: Workspace) -> None:
    for length, status in ((52, 201), (53, 422)):
        body = manifest("cronjobs", "c" * length)
        assert space.face.send("POST", place("cronjobs", space.namespace), body).status == status


def test_of_an_indexed_job_the_completions_can_change_with_the_parallelism(space: Workspace) -> None:
    assert _create(space, "jobs", completionMode="Indexed", completions=2, parallelism=2).status == 201
    path = place("jobs", space.namespace, "a")
    both = {"spec": {"completions": 3, "parallelism": 3}}
    assert space.face.send("PATCH", path, both, content_type=MERGE).status == 200
    one = {"spec": {"completions": 2}}
    assert space.face.send("PATCH", path, one, content_type=MERGE).refusal == (422, "Invalid")


def test_a_daemon_set_waits_or_surges(space: Workspace) -> None:
    surge = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert _create(space, "daemonsets", updateStrategy=surge).status == 201


def test_a_daemon_set_cannot_do_both(space: Workspace) -> None:
    both = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    assert _create(space, "daemonsets", updateStrategy=both).refusal == (422, "Invalid")
