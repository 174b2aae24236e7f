"""Structures of the real server: every field under its Go name, in order, and how two of them differ."""

from simulator.kube.server.field_errors import json_text
from simulator.kube.server.go_structs import difference, structure


def test_a_structure_shows_every_field_in_the_order_of_its_declaration() -> None:
    shown = json_text(structure("core.ContainerPort", {"containerPort": 80, "name": "http"}))
    assert shown == '{"Name":"http","HostPort":0,"ContainerPort":80,"Protocol":"","HostIP":""}'


def test_fields_of_an_embedded_structure_stand_among_the_others() -> None:
    shown = structure("core.Volume", {"name": "v", "configMap": {"name": "a", "optional": True}})
    assert list(shown)[:3] == ["Name", "HostPath", "EmptyDir"]
    assert shown["ConfigMap"] == {
        "Name": "a",
        "Items": None,
        "DefaultMode": None,
        "Optional": True,
        "DefaultUser": None,
    }


def test_types_that_both_share_keep_their_names_and_leave_out_what_is_empty() -> None:
    shown = structure("core.PodTemplateSpec", {"metadata": {"labels": {"b": "2", "a": "1"}}, "spec": {}})
    assert json_text(shown).startswith('{"labels":{"a":"1","b":"2"},"Spec":{"Volumes":null,')


def test_lists_maps_and_amounts_are_shown_as_they_are() -> None:
    resources = {"limits": {"memory": "1Gi", "cpu": "1"}, "claims": []}
    shown = json_text(structure("core.ResourceRequirements", resources))
    assert shown == '{"Limits":{"cpu":"1","memory":"1Gi"},"Requests":null,"Claims":[]}'


def test_a_difference_has_the_changed_lines_and_three_around_them() -> None:
    before, after = {"key": "a<b", "operator": "Exists"}, {"key": "a<b", "operator": "Equal", "value": "c"}
    assert difference("core.Toleration", before, after).split("\n") == [
        "@@ -1,7 +1,7 @@",
        " {",
        '  "Key": "a\\u003cb",',
        '- "Operator": "Exists",',
        '- "Value": "",',
        '+ "Operator": "Equal",',
        '+ "Value": "c",',
        '  "Effect": "",',
        '  "TolerationSeconds": null',
        " }",
        "",
    ]


def test_equal_values_have_no_difference() -> None:
    assert difference("core.PodSpec", {"volumes": []}, {"volumes": []}) == ""
