"""What the kind backend needs, of the machine and of the project itself."""

import shutil
import subprocess
from collections.abc import Callable, Sequence

from e2e.backends.local.requirements import Missing

PROGRAMS = {
    "docker": "install Docker",
    "kind": "install kind: https://kind.sigs.k8s.io",
    "kubectl": "install kubectl, or put build/tools/bin on the PATH after `make tools`",
}
# kind's node image has no Python, and agent and controller run as pods there.
NOT_MADE_YET = (
    Missing(
        what="container images of agent and controller",
        remedy="they come with the chart; until then use the simulator or the local backend",
    ),
    Missing(
        what="a plugin that runs on a node without Python",
        remedy="the plugin is a script so far; until then use the simulator or the local backend",
    ),
)


def _succeeds(argv: Sequence[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def missing(
    find: Callable[[str], str | None] = shutil.which, succeeds: Callable[[Sequence[str]], bool] = _succeeds
) -> list[Missing]:
    """Everything that keeps the kind backend from running; never empty while ``NOT_MADE_YET`` is not.

    Args:
        find: where a program is, None when it is not installed.
        succeeds: runs a command and says whether its exit code was 0.
    """
    absent = [Missing(what=name, remedy=remedy) for name, remedy in PROGRAMS.items() if find(name) is None]
    if find("docker") is not None and not succeeds(["docker", "info"]):
        absent.append(Missing(what="a Docker daemon that answers", remedy="start it, or check `docker info`"))
    return [*absent, *NOT_MADE_YET]
