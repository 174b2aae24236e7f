"""The agent's settings: one schema, read from the environment under upstream's names where upstream has them."""

import msgspec

from spiderpool.ipam.choose import Policy
from spiderpool.observe.port import Level
from spiderpool.ports.settings import Port, Seconds


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """Every setting with its default; durations are seconds. ``ports/settings.py`` reads them."""

    node_name: str
    pod_namespace: str = "spiderpool"
    pod_name: str = ""
    log_level: Level = "info"
    ipam_unix_socket_path: str = "/var/run/spidernet/spiderpool.sock"
    health_port: Port = 5710
    metric_http_port: Port = 5711
    enabled_metric: bool = True
    enable_ipv4: bool = True
    enable_ipv6: bool = True
    allocation_policy: Policy = "random"
    reconcile_seconds: Seconds = 600.0
    request_seconds: Seconds = 60.0
    spool_folder: str = "/var/lib/spidernet/spool"
    journal_folder: str = "/run/spidernet/journal"
