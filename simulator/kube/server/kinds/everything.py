"""Every built-in kind that a server serves: those on which somebody in the simulator acts, and those that are only kept."""

from simulator.kube.server.kinds.builtins import BUILTINS
from simulator.kube.server.kinds.certificates import CERTIFICATES
from simulator.kube.server.kinds.devices import DEVICES
from simulator.kube.server.kinds.other_versions import autoscaler_of_version_1, event_of_its_group
from simulator.kube.server.kinds.server_settings import SERVER_SETTINGS
from simulator.kube.server.kinds.storage import DRIVERS
from simulator.kube.server.registry import Resource

_KEPT = {resource.table_id: resource for resource in BUILTINS}
_ANSWERED = (
    Resource(group="", version="v1", plural="bindings", kind="Binding", namespaced=True, kept=False),
    Resource(
        group="",
        version="v1",
        plural="componentstatuses",
        kind="ComponentStatus",
        namespaced=False,
        kept=False,
        verbs=("get", "list"),
    ),
)
ONLY_KEPT: tuple[Resource, ...] = (*CERTIFICATES, *DEVICES, *DRIVERS, *SERVER_SETTINGS)
"""What no controller of a simulated world looks at; a cluster that is served to others collects them too."""
EVERYTHING: tuple[Resource, ...] = (
    *BUILTINS,
    *ONLY_KEPT,
    *_ANSWERED,
    event_of_its_group(_KEPT["", "events"]),
    autoscaler_of_version_1(_KEPT["autoscaling", "horizontalpodautoscalers"]),
)
