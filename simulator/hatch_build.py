"""Build hook: the wheel holds this folder and its two siblings; an editable install points at the clone instead."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = {
    ".": "simulator",
    "../e2e": "e2e",
    "../chaos": "chaos",
    "../charts/spiderpool": "simulator/installed/charts/spiderpool",
    "../docs/examples": "simulator/installed/docs/examples",
}


class SiblingPackages(BuildHookInterface[Any]):
    """Adds the packages that lie beside this folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them to a real wheel; hatchling would copy them into an editable one as well."""
        if version != "editable":
            build_data["force_include"].update({f"{self.root}/{source}": name for source, name in PACKAGES.items()})
