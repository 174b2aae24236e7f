"""Acting as somebody else: the ``Impersonate-*`` headers, and who may send them."""

from collections.abc import Mapping

from aiohttp.web import BaseRequest

from simulator.face.identity import ANONYMOUS, UNAUTHENTICATED
from simulator.kube.api import ApiRequest
from simulator.kube.server.access.authorization import Attributes, Authorizer, attributes_of, forbidden_to
from simulator.kube.server.access.users import AUTHENTICATED, Identity
from simulator.kube.server.refusals import bad_request

_USER, _GROUP, _UID, _EXTRA = "Impersonate-User", "Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-"
_ACCOUNT = "system:serviceaccount:"
_AUTHENTICATION = "authentication.k8s.io"


def impersonated(
    identity: Identity, request: BaseRequest, asked: ApiRequest, authorizer: Authorizer | None
) -> Identity:
    """Whom a request acts as: its sender, unless the headers name another.

    Raises:
        Refusal: 403, the sender may not act as that one; 400, the headers name groups and nobody.
    """
    headers = request.headers
    if _USER not in headers and not any(name.lower().startswith("impersonate-") for name in headers):
        return identity
    wanted = _wanted(request)
    if not wanted.user:
        groups = ", ".join(f'"{group}"' for group in headers.getall(_GROUP, []))
        shown = f"[]string{{{groups}}}" if groups else "[]string(nil)"
        described = f'&user.DefaultInfo{{Name:"", UID:"{wanted.uid}", Groups:{shown}, Extra:map[string][]string(nil)}}'
        raise bad_request(f"requested {described} without impersonating a user name")
    if authorizer is not None:
        _check(identity, wanted, headers.getall(_GROUP, []), asked, authorizer)
    return wanted


def _wanted(request: BaseRequest) -> Identity:
    headers = request.headers
    user = headers.get(_USER, "")
    groups = list(headers.getall(_GROUP, []))
    extra: dict[str, list[str]] = {}
    for name, value in headers.items():
        if name.lower().startswith(_EXTRA.lower()):
            extra.setdefault(name[len(_EXTRA) :].lower(), []).append(value)
    if user.startswith(_ACCOUNT) and not groups:
        namespace = user.removeprefix(_ACCOUNT).partition(":")[0]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    last = UNAUTHENTICATED if user == ANONYMOUS else AUTHENTICATED
    if last not in groups:
        groups.append(last)
    return Identity(user=user, groups=tuple(groups), uid=headers.get(_UID, ""), extra=extra or None)


def _check(identity: Identity, wanted: Identity, groups: list[str], asked: ApiRequest, authorizer: Authorizer) -> None:
    """See ``impersonated``. The right is one of two kinds: to be that one, for whatever it does; or, since some
    versions, to be that one for the action that is asked.
    """
    if all(authorizer.allows(each) for each in _needed(identity, wanted, groups, "impersonate", "")):
        return
    kind = "serviceaccount" if wanted.user.startswith(_ACCOUNT) else "user-info"
    action = attributes_of(asked)
    on = Attributes(
        **{
            **{name: getattr(action, name) for name in action.__struct_fields__},
            "user": identity.user,
            "groups": identity.groups,
            "verb": f"impersonate-on:{kind}:{action.verb}",
        }
    )
    if not authorizer.allows(on):
        raise forbidden_to(on)
    for each in _needed(identity, wanted, groups, f"impersonate:{kind}", _AUTHENTICATION):
        if not authorizer.allows(each):
            raise forbidden_to(each)


def _needed(identity: Identity, wanted: Identity, groups: list[str], verb: str, group: str) -> list[Attributes]:
    """The rights that it takes to be ``wanted``."""

    def right(resource: str, name: str, api_group: str = group, namespace: str = "", part: str = "") -> Attributes:
        return Attributes(
            user=identity.user,
            groups=identity.groups,
            verb=verb,
            group=api_group,
            version="v1",
            resource=resource,
            subresource=part,
            name=name,
            namespace=namespace,
        )

    if wanted.user.startswith(_ACCOUNT):
        namespace, _, name = wanted.user.removeprefix(_ACCOUNT).partition(":")
        needed = [right("serviceaccounts", name, namespace=namespace)]
    else:
        needed = [right("users", wanted.user)]
    needed += [right("groups", name) for name in groups]
    if wanted.uid:
        needed.append(right("uids", wanted.uid, _AUTHENTICATION))
    extra: Mapping[str, object] = wanted.extra or {}
    for name in extra:
        needed += [right("userextras", str(value), _AUTHENTICATION, part=name) for value in (wanted.extra or {})[name]]
    return needed
