"""What the commands do, over the Kube port: they read, and give rows."""

from spiderpool.cli.rows import ClaimRow, PoolRow, claim_rows, pool_rows
from spiderpool.cli.target import target_of
from spiderpool.kube.errors import NotFound
from spiderpool.kube.port import Kube
from spiderpool.resources.addresses import Address, claim_name
from spiderpool.resources.kinds import CLAIMS, POOLS


class NothingFound(LookupError):
    """What was asked for is not there; the message says so to people."""


async def show_addresses(kube: Kube, text: str | None) -> list[ClaimRow]:
    """Who has which address.

    Args:
        kube: the API server.
        text: an address or a pod (``target_of``); None shows all.

    Raises:
        ValueError: the text is neither an address nor a pod.
        NothingFound: nobody has the address, or the pod has none.
        KubeError: the API server could not be asked.
    """
    if text is None:
        return claim_rows((await kube.list(CLAIMS)).items)
    target = target_of(text)
    if isinstance(target, Address):
        try:
            return claim_rows([await kube.get(CLAIMS, claim_name(target))])
        except NotFound:
            raise NothingFound(f"nobody has {target}: it is not claimed") from None
    claims = [
        claim
        for claim in (await kube.list(CLAIMS)).items
        if (owner := claim.spec.owner) and owner.name == target.name and target.namespace in ("", owner.namespace)
    ]
    if not claims:
        raise NothingFound(f"no pod {text} has an address; `spiderpoolctl ip show` lists all that are claimed")
    return claim_rows(claims)


async def list_pools(kube: Kube) -> list[PoolRow]:
    """All pools.

    Raises:
        KubeError: the API server could not be asked.
    """
    return pool_rows((await kube.list(POOLS)).items)
