"""SpiderLedger: one object, ``default``, that says whether addresses may be handed out at all.

Absent means recovering: after a restore of the store, nobody knows yet which addresses are on the wire.
"""

from typing import Literal

import msgspec

from spiderpool.resources.meta import ObjectMeta

LEDGER_NAME = "default"
Mode = Literal["Open", "Recovering"]


class LedgerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """``epoch`` grows with every recovery."""

    epoch: int = 1
    mode: Mode = "Recovering"


class LedgerStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Per node: the epoch that it has acknowledged."""

    acknowledged: dict[str, int] = {}


class SpiderLedger(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's switch; cluster-scoped."""

    metadata: ObjectMeta
    spec: LedgerSpec = LedgerSpec()
    status: LedgerStatus = LedgerStatus()
