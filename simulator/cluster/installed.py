"""What an administrator installs before the first pod: the same files as on every other backend, read once.

In a clone they lie beside this package; a wheel carries them inside it.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_WHEEL = Path(__file__).resolve().parents[1] / "installed"
ROOT = _WHEEL if _WHEEL.is_dir() else _WHEEL.parents[1]
MANIFESTS = ("charts/spiderpool/rbac/00-namespace.yaml", "charts/spiderpool/crds", "charts/spiderpool/ledger")
CONFLIST = ROOT / "docs/examples/quickstart/10-macvlan.conflist"


@cache
def installed_objects() -> tuple[dict[str, Any], ...]:
    """Namespace, definitions and the ledger's switch, in the order in which they are applied. Copy before changing."""
    files: list[Path] = []
    for name in MANIFESTS:
        path = ROOT / name
        files += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(
        each for file in files for each in yaml.load_all(file.read_text(encoding="utf-8"), Loader=loader) if each
    )


@cache
def conflist() -> bytes:
    """The network configuration of every node: macvlan with our IPAM."""
    return CONFLIST.read_bytes()
