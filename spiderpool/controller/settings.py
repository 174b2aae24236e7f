"""The controller's settings: one schema, read from the environment under upstream's names (``ports/settings.py``)."""

import msgspec

from spiderpool.observe.port import Level
from spiderpool.ports.settings import Count, Port, Seconds


class ControllerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """Every setting with its default. Durations are seconds.

    The NOT_READY switch is unsafe: it frees addresses of a node that may still carry them. Unset is off, and true is
    on only where ADD probes addresses before use.
    """

    log_level: Level = "info"
    enabled_metric: bool = True
    health_port: Port = 5720
    metric_http_port: Port = 5721
    webhook_port: Port = 5722
    pod_namespace: str = "spiderpool"
    pod_name: str = ""
    leader_duration: Seconds = 15.0
    leader_renew_deadline: Seconds = 10.0
    leader_retry_period: Seconds = 2.0
    gc_ip_enabled: bool = True
    gc_default_interval_duration: Seconds = 600.0
    gc_ip_worker_num: Count = 3
    gc_stateless_terminating_pod_on_not_ready_node_enabled: bool | None = None
