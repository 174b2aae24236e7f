"""SpiderLedger: one object, ``default``, that says whether addresses may be handed out at all.

Absent means recovering: after a restore of the store, nobody knows yet which addresses are on the wire.
"""

from typing import Literal

import msgspec

from spiderpool.resources.meta import ObjectMeta

LEDGER_NAME = "default"
Mode = Literal["Open", "Recovering"]


class LedgerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Whether addresses may be handed out.

    Attributes:
        epoch: Grows with every recovery.
        mode: Open, or Recovering while nodes register the addresses that are on the wire.
    """

    epoch: int = 1
    mode: Mode = "Recovering"


class LedgerStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a recovery is.

    Attributes:
        acknowledged: The epoch that each node has acknowledged, by node name.
    """

    acknowledged: dict[str, int] = {}


class SpiderLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The switch of the whole ledger of claims; there is one, named ``default``. Cluster-scoped, short name ``sl``.

    Attributes:
        metadata: Standard object metadata.
        spec: Whether addresses may be handed out.
        status: How far a recovery is.
    """

    metadata: ObjectMeta
    spec: LedgerSpec = LedgerSpec()
    status: LedgerStatus = LedgerStatus()
