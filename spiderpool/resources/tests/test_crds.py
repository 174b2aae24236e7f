"""The definitions as files: committed as generated, described in full, structural, named as upstream names them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from spiderpool.resources.crd_rules import BOUNDS, RULES
from spiderpool.resources.crds import Json, definitions, main, text_of
from spiderpool.resources.descriptions import descriptions_of
from spiderpool.resources.kinds import CLAIMS, ENDPOINTS, LEDGERS, POOLS, RESERVED_IPS, AnyKind

FOLDER = Path(__file__).parents[3] / "charts" / "spiderpool" / "crds"
OWN = (POOLS, RESERVED_IPS, ENDPOINTS, CLAIMS, LEDGERS)


def definition_of(kind: AnyKind) -> Json:
    return definitions()[f"spiderpool.spidernet.io_{kind.plural}.yaml"]


def schema_of(kind: AnyKind) -> Json:
    schema: Json = definition_of(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema inside a schema, by its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from nodes(schema[key], path + mark)


def test_generating_again_changes_nothing_in_the_repository(tmp_path: Path) -> None:
    main(str(tmp_path))
    committed = {path.name: path.read_text() for path in sorted(FOLDER.iterdir())}
    assert committed == {path.name: path.read_text() for path in sorted(tmp_path.iterdir())}


def test_a_file_says_what_the_definition_says() -> None:
    for document in definitions().values():
        assert yaml.safe_load(text_of(document)) == document


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.kind)
def test_every_schema_is_structural(kind: AnyKind) -> None:
    for path, schema in nodes(schema_of(kind)):
        assert "type" in schema, path
        assert not {"$ref", "anyOf", "title", "nullable"} & schema.keys(), path
        assert schema.get("additionalProperties") is not False, path


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.kind)
def test_every_field_is_described_in_a_sentence(kind: AnyKind) -> None:
    for path, schema in nodes(schema_of(kind)):
        if not path.endswith(("[]", "{}", ".metadata")):
            assert schema["description"].endswith("."), path


@pytest.mark.parametrize(
    ("kind", "short_name", "scope", "has_status"),
    [
        (POOLS, "sp", "Cluster", True),
        (RESERVED_IPS, "sr", "Cluster", False),
        (ENDPOINTS, "se", "Namespaced", False),
        (CLAIMS, "sip", "Cluster", False),
        (LEDGERS, "sl", "Cluster", True),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_names_scopes_and_subresources_are_those_of_the_table(
    kind: AnyKind, short_name: str, scope: str, has_status: bool
) -> None:
    spec = definition_of(kind)["spec"]
    (version,) = spec["versions"]
    assert spec["group"] == "spiderpool.spidernet.io"
    assert version["name"] == "v2beta1"
    assert spec["names"]["shortNames"] == [short_name]
    assert spec["names"]["categories"] == ["spiderpool"]
    assert spec["scope"] == scope
    assert ("status" in version.get("subresources", {})) == has_status


def test_only_these_fields_have_a_default() -> None:
    found = {
        f"{kind.kind}{path}": schema["default"]
        for kind in OWN
        for path, schema in nodes(schema_of(kind))
        if "default" in schema
    }
    assert found == {
        "SpiderIPPool.spec.default": False,
        "SpiderIPPool.spec.disable": False,
        "SpiderEndpoint.status.current.ips[].vlan": 0,
        "SpiderIPAddress.spec.state": "Claimed",
        "SpiderLedger.spec": {},
        "SpiderLedger.spec.epoch": 1,
        "SpiderLedger.spec.mode": "Recovering",
    }


def test_every_bound_belongs_to_a_field_of_a_model() -> None:
    models = {name: read for kind in OWN for name, read in descriptions_of(kind.model).items()}
    for model, bounds in BOUNDS.items():
        assert bounds.keys() <= models[model].fields.keys(), model


def test_no_rule_loops_and_every_text_that_a_rule_compares_is_bounded() -> None:
    for rules in RULES.values():
        for rule in rules:
            assert not any(loop in rule.holds for loop in (".all(", ".exists(", ".map(", ".filter(")), rule
    bounded = {
        f"{kind.kind}{path}"
        for kind in OWN
        for path, schema in nodes(schema_of(kind))
        if schema["type"] == "string" and {"maxLength", "enum"} & schema.keys()
    }
    assert {
        "SpiderIPPool.spec.subnet",
        "SpiderIPAddress.spec.address",
        "SpiderIPAddress.spec.identity",
        "SpiderIPAddress.spec.state",
        "SpiderIPAddress.spec.owner.uid",
        "SpiderIPAddress.spec.owner.bootID",
    } <= bounded


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (POOLS, ["VERSION", "SUBNET", "ALLOCATED-IP-COUNT", "TOTAL-IP-COUNT", "DEFAULT"]),
        (RESERVED_IPS, ["VERSION"]),
        (ENDPOINTS, ["INTERFACE", "IPV4POOL", "IPV4", "IPV6POOL", "IPV6", "NODE"]),
        (CLAIMS, ["ADDRESS", "STATE", "POOL", "POD-NAMESPACE", "POD", "NODE", "INTERFACE", "AGE"]),
        (LEDGERS, ["MODE", "EPOCH", "AGE"]),
    ],
)
def test_kubectl_get_shows_these_columns(kind: AnyKind, columns: list[str]) -> None:
    (document,) = (one for one in definitions().values() if one["spec"]["names"]["plural"] == kind.plural)
    shown = document["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [column["name"] for column in shown if column.get("priority", 0) == 0] == columns
