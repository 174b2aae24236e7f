"""Who asks: bearer tokens of a static token file, and nobody in particular.

The file has the form of the real server's: ``token,user,uid,"group1,group2"``, one line each. A request without a
bearer token is anonymous's; one with a token that is not in the file is refused with 401, whoever else it might be.
"""

import csv
from collections.abc import Mapping
from io import StringIO

from simulator.kube.server.access.users import AUTHENTICATED, Identity
from simulator.kube.server.refusals import Refusal

ANONYMOUS = "system:anonymous"
UNAUTHENTICATED = "system:unauthenticated"
NOBODY = Identity(user=ANONYMOUS, groups=(UNAUTHENTICATED,))


def read_tokens(text: str) -> dict[str, Identity]:
    """Token to identity.

    Raises:
        ValueError: a line has too few fields; the message has its number and what it should look like.
    """
    tokens: dict[str, Identity] = {}
    for number, fields in enumerate(csv.reader(StringIO(text), skipinitialspace=True), 1):
        if not fields:
            continue
        if len(fields) < 3 or not fields[0]:
            raise ValueError(f'line {number} of the token file must be: token,user,uid,"group1,group2"')
        groups = tuple(fields[3].split(",")) if len(fields) > 3 else ()
        tokens[fields[0]] = Identity(user=fields[1], uid=fields[2], groups=(*groups, AUTHENTICATED))
    return tokens


def unauthorized() -> Refusal:
    """401: the credentials are nobody's."""
    return Refusal(401, "Unauthorized", "Unauthorized")


class Identities:
    """Everybody whom a server knows.

    Args:
        tokens: token to identity.
        anonymous: whether a request without a token is anonymous's; else it is refused.
    """

    def __init__(self, tokens: Mapping[str, Identity], *, anonymous: bool = True) -> None:
        self._tokens = tokens
        self._anonymous = anonymous

    def of(self, authorization: str) -> Identity:
        """Who sends this ``Authorization`` header; empty: there is none.

        Raises:
            Refusal: 401, it is nobody's.
        """
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            found = self._tokens.get(token)
            if found is None:
                raise unauthorized()
            return found
        if not self._anonymous:
            raise unauthorized()
        return NOBODY

    def of_token(self, token: str) -> Identity | None:
        """Whose token this is; None: nobody's."""
        return self._tokens.get(token)
