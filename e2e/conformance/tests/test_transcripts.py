"""What is masked in a transcript of kubectl, and what is not."""

from pathlib import Path

import pytest

from e2e.conformance.kubectl.terminal import Said, parse
from e2e.conformance.kubectl.transcripts import lines_of


def _said(
    out: str = "", *, typed: str = "kubectl get cm", err: str = "", code: int = 0, unordered: bool = False
) -> Said:
    return Said(typed=typed, out=out, err=err, code=code, unordered=unordered)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("first   2      17s", "first  2  age"),
        ("v1.apps   Local   True   107s", "v1.apps  Local  True  age"),  # kubectl counts seconds up to two minutes
        ("web-786fcb476f-ksclm   1/1   Running   0   2m3s", "web-generated  1/1  Running  0  age"),
        ("pod-template-hash=786fcb476f", "pod-template-hash=generated"),
        (
            "web  ClusterIP  10.255.0.17  <none>  80:31234/TCP  5d",
            "web  ClusterIP  a cluster IP  <none>  80:a node port/TCP  age",
        ),
        ("80:30099/TCP", "80:30099/TCP"),
        ("CreationTimestamp:  Mon, 23 Nov 2026 18:04:15 +0000", "CreationTimestamp:  a date"),
        ("FOLDER/kubectl-edit-2458967.yaml", "FOLDER/kubectl-edit-N.yaml"),
        ("diff FOLDER/LIVE-2458967/v1.x FOLDER/MERGED-1030/v1.x", "diff FOLDER/LIVE/v1.x FOLDER/MERGED/v1.x"),
        ("FOLDER/kubectl-edit-1030.yaml", "FOLDER/kubectl-edit-N.yaml"),
        ("  uid: 6f1c8a52-6a51-4f5e-9d3c-0a1b2c3d4e5f", "  uid: uid-1"),
    ],
)
def test_what_is_random_is_masked(line: str, masked: str) -> None:
    assert lines_of([_said(line)], Path("/nowhere"))[1] == masked


@pytest.mark.parametrize(
    "line", ["cpu: 100m", "for 300s", "replicas: 3", "  size: 9", "one-settings", "web  1/2", "--timeout=3s"]
)
def test_what_a_user_chose_stays(line: str) -> None:
    assert lines_of([_said(line)], Path("/nowhere"))[1] == line


@pytest.mark.parametrize(
    "why", ["very short watch: Unexpected watch close", '"Failed to watch" err="context deadline exceeded"']
)
def test_what_kubectl_logs_of_a_watch_that_it_gave_up_is_left_out(why: str) -> None:
    err = f"E1123 22:33:54.100000    4711 reflector.go:227] {why}\nerror: timed out\n"
    assert lines_of([_said(err=err)], Path("/nowhere"))[1:] == ["! error: timed out"]


def test_errors_and_exit_codes_are_marked() -> None:
    said = [_said("out\n", typed="kubectl get x", err="not there\n", code=1)]
    assert lines_of(said, Path("/nowhere")) == ["$ kubectl get x", "out", "! not there", "= 1"]


def test_lines_without_an_order_are_sorted_after_they_were_masked() -> None:
    assert lines_of([_said("9s b\n1m a\n", unordered=True)], Path("/nowhere"))[1:] == ["age a", "age b"]


def test_descriptions_of_built_in_types_are_left_out_and_those_of_custom_ones_stay() -> None:
    out = "KIND:       Pod\n\nDESCRIPTION:\n    Some prose.\n\nFIELDS:\n  spec\t<PodSpec>\n    More prose.\n"
    built_in = lines_of([_said(out, typed="kubectl explain pods")], Path("/nowhere"))
    assert built_in[1:] == ["KIND:  Pod", "FIELDS:", "  spec\t<PodSpec>"]
    custom = lines_of([_said(out, typed="kubectl explain widgets")], Path("/nowhere"))
    assert "    Some prose." in custom


def test_a_line_of_a_topic_has_a_mode_an_environment_and_arguments() -> None:
    text = (
        "# comment\nwatch 4 3 kubectl get cm -w\nEDITOR='sed -i s/a/b/' kubectl edit cm one\n- kubectl delete cm one\n"
    )
    watch, edit, silent = parse(text)
    assert (watch.mode, watch.argument, watch.typed) == ("watch", ["4", "3"], "kubectl get cm -w")
    assert (edit.environment, edit.argv[:2]) == ({"EDITOR": "sed -i s/a/b/"}, ["kubectl", "edit"])
    assert (edit.typed, silent.mode) == ("EDITOR='sed -i s/a/b/' kubectl edit cm one", "-")
