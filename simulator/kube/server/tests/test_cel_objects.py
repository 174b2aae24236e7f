"""Objects in expressions, as maps and back."""

import pytest

from simulator.kube.server.custom.cel_objects import WrongType, plain, with_objects


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("Object{}", "{'@type': 'Object'}"),
        ("Object.spec{a: 1, b: {'c': 2}}", "{'@type': 'Object.spec', 'a': 1, 'b': {'c': 2}}"),
        ("Object{?a: x ? y : z}", "{'@type': 'Object', ?'a': x ? y : z}"),
        ("[JSONPatch{op: 'add'}, JSONPatch{}]", "[{'@type': 'JSONPatch', 'op': 'add'}, {'@type': 'JSONPatch'}]"),
        ("'Object{a: 1}'", "'Object{a: 1}'"),
        ("r'\\'+\"Object{\"", "r'\\'+\"Object{\""),
        ("my.Object{a: 1}", "my.Object{a: 1}"),
        ("{'a': f(b, c), 'd': [e, g]}", "{'a': f(b, c), 'd': [e, g]}"),
    ],
)
def test_objects_become_maps(text: str, rewritten: str) -> None:
    assert with_objects(text) == rewritten


def test_maps_become_objects_without_their_types() -> None:
    made = {"@type": "Object", "spec": {"@type": "Object.spec", "list": [{"@type": "Object.spec.list", "a": 1}]}}
    assert plain(made) == {"spec": {"list": [{"a": 1}]}}


def test_an_object_of_another_place_is_told() -> None:
    with pytest.raises(WrongType, match=r'unexpected type name "Object\.status", expected "Object\.spec"'):
        plain({"@type": "Object", "spec": {"@type": "Object.status"}})
