"""docs/dependencies.md names every direct dependency, its licence, and the only places that import it."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import metadata, packages_distributions
from typing import Any

from docs.tests.documents import ROOT, code, codes, table, text

NAME = "docs/dependencies.md"
OWN = ("spiderpool", "simulator", "e2e", "chaos", "docs")


@cache
def project() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


def name_of(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[;]", requirement)[0]


def plain(name: str) -> str:
    """A distribution's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def places() -> dict[str, list[str]]:
    """Where each third-party package may be imported, by the tables."""
    heads = ("Run time", "Through another")
    return {plain(code(row[head])): codes(row["Imported by"]) for head in heads for row in table(NAME, head)}


def development() -> set[str]:
    groups = project()["dependency-groups"].values()
    return {name_of(each) for group in groups for each in group if isinstance(each, str)}


def licence_of(distribution: str) -> str:
    found = metadata(distribution)
    classifiers = [each for each in found.get_all("Classifier") or [] if each.startswith("License :: OSI Approved")]
    given = [found[field] for field in ("License-Expression", "License") if field in found]
    return str([*filter(None, given), *classifiers, ""][0]).rpartition(":: ")[2]


def imports_of_product() -> dict[str, set[str]]:
    """Third-party distribution to the product's modules that import it."""
    distributions = packages_distributions()
    sites: dict[str, set[str]] = {}
    for path in sorted((ROOT / "spiderpool").rglob("*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.partition(".")[0] for name in names} - {*sys.stdlib_module_names, *OWN}:
                distribution = plain(distributions.get(top, [top])[0])
                sites.setdefault(distribution, set()).add(path.relative_to(ROOT / "spiderpool").as_posix())
    return sites


def test_every_run_time_dependency_is_explained_and_nothing_else() -> None:
    rows = [code(row["Run time"]) for row in table(NAME, "Run time")]
    assert sorted(rows) == sorted(map(name_of, project()["project"]["dependencies"]))


def test_every_development_dependency_is_explained_and_nothing_else() -> None:
    rows = [code(row["Development"]) for row in table(NAME, "Development")]
    assert sorted(rows) == sorted(development())


def test_licences_are_those_that_the_installed_packages_declare() -> None:
    rows = [(code(row[head]), row["Licence"]) for head in ("Run time", "Development") for row in table(NAME, head)]
    assert rows == [(name, licence_of(name)) for name, _ in rows]


def test_a_dependency_is_imported_only_where_the_table_says() -> None:
    strangers = {
        f"{distribution} by {site}"
        for distribution, sites in imports_of_product().items()
        for site in sites
        if not any(site == place or site.startswith(place) for place in places().get(distribution, ()))
    }
    assert strangers == set()


def test_the_table_names_no_place_that_does_not_import() -> None:
    sites = imports_of_product()
    assert [
        f"{place} does not import {distribution}"
        for distribution, allowed in places().items()
        for place in allowed
        if not any(site == place or site.startswith(place) for site in sites.get(distribution, ()))
    ] == []
