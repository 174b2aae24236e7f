"""Everything that the controller reaches the world through, in one frozen value made by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from spiderpool.controller.settings import ControllerSettings
from spiderpool.controller.webhooks import WebhookAddress
from spiderpool.kube.port import Kube
from spiderpool.observe.port import Telemetry
from spiderpool.ports.clock import Clock
from spiderpool.ports.entropy import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerPorts:
    """The ports of one replica.

    ``identity`` is its unique name in the election. ``webhooks`` is where the API server reaches this replica and its
    siblings; None leaves the API server's configuration alone. ``exposition`` gives the metrics as text.
    """

    kube: Kube
    clock: Clock
    entropy: Entropy
    telemetry: Telemetry
    settings: ControllerSettings
    identity: str
    webhooks: WebhookAddress | None = None
    exposition: Callable[[], bytes] | None = None
