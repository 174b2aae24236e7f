"""Questions to the API server about who one is and what one may do: objects that are answered and never stored."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.authorization import Attributes, Authorizer
from simulator.kube.server.access.users import Identity, sender_of
from simulator.kube.server.refusals import Refusal, bad_request
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route

Json = dict[str, Any]
Identify = Callable[[str], Identity | None]
"""Whose token this is; ``None``: nobody's."""

AUTHORIZATION, AUTHENTICATION = "authorization.k8s.io", "authentication.k8s.io"
AUDIENCE = "https://kubernetes.default.svc"


def _review(group: str, kind: str, *, namespaced: bool = False) -> Resource:
    plural = kind.lower() + "s"
    return Resource(group=group, version="v1", plural=plural, kind=kind, namespaced=namespaced, kept=False)


REVIEWS = (
    _review(AUTHENTICATION, "SelfSubjectReview"),
    _review(AUTHENTICATION, "TokenReview"),
    _review(AUTHORIZATION, "LocalSubjectAccessReview", namespaced=True),
    _review(AUTHORIZATION, "SelfSubjectAccessReview"),
    _review(AUTHORIZATION, "SelfSubjectRulesReview"),
    _review(AUTHORIZATION, "SubjectAccessReview"),
)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers are drawn from; without an authorizer everything is allowed."""

    authorizer: Authorizer | None
    identify: Identify

    def status_of(self, route: Route, request: ApiRequest) -> Json:
        """The status of a review.

        Raises:
            Refusal: 400 or 422, the question makes no sense.
        """
        spec: Json = (request.body or {}).get("spec") or {}
        return _ANSWERS[route.resource.kind](self, spec, route, request)

    def decide(self, identity: Identity, spec: Mapping[str, Any]) -> Json:
        """Whether a user may do what a spec describes."""
        action = _action(identity, spec)
        if self.authorizer is None:
            return {"allowed": True}
        status: Json = {"allowed": self.authorizer.allows(action)}
        if reason := self.authorizer.reason(action):
            status["reason"] = reason
        return status


def _action(identity: Identity, spec: Mapping[str, Any]) -> Attributes:
    about = spec.get("resourceAttributes")
    if about is None:
        path = spec["nonResourceAttributes"]
        return Attributes(
            user=identity.user, groups=identity.groups, verb=path.get("verb", ""), path=path.get("path", "")
        )
    return Attributes(
        user=identity.user,
        groups=identity.groups,
        verb=about.get("verb", ""),
        group=about.get("group", ""),
        version=about.get("version", ""),
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
    )


def _invalid(field: str, shown: str, message: str) -> Refusal:
    text = f"Invalid value: {shown}: {message}"
    cause = {"reason": "FieldValueInvalid", "message": text, "field": field}
    details = {"group": AUTHORIZATION, "causes": [cause]}
    return Refusal(422, "Invalid", f'.{AUTHORIZATION} "" is invalid: {field}: {text}', details=details)


def _shown_path(about: Mapping[str, Any]) -> str:
    return f'{{"Path":"{about.get("path", "")}","Verb":"{about.get("verb", "")}"}}'


def _check_subject(spec: Mapping[str, Any]) -> None:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (about is None) == (path is None):
        shown = "null" if path is None else _shown_path(path)
        message = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _invalid("spec", shown, message)


def _self_access(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    _check_subject(spec)
    return answers.decide(sender_of(request), spec)


def _access(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    _check_subject(spec)
    if not spec.get("user") and not spec.get("groups"):
        raise _invalid("spec.user", '""', "at least one of user or group must be specified")
    identity = Identity(user=spec.get("user", ""), groups=tuple(spec.get("groups") or ()))
    return answers.decide(identity, spec)


def _local_access(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if path is not None:
        raise _invalid("spec.nonResourceAttributes", _shown_path(path), "disallowed on this kind of request")
    if about is not None and about.get("namespace", "") != route.namespace:
        shown = f'"{about.get("namespace", "")}"'
        raise _invalid("spec.resourceAttributes.namespace", shown, "must match metadata.namespace")
    return _access(answers, spec, route, request)


def _rules(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    namespace = spec.get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    if answers.authorizer is None:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
        return {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": False}
    resources, others, unread = answers.authorizer.rules(request.user, request.groups, namespace)
    status: Json = {"resourceRules": resources, "nonResourceRules": others, "incomplete": False}
    if unread:
        status["evaluationError"] = unread
    return status


def _self(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    return {"userInfo": sender_of(request).json()}


def _token(answers: Answers, spec: Json, route: Route, request: ApiRequest) -> Json:
    token, audiences = spec.get("token", ""), spec.get("audiences") or [AUDIENCE]
    if not token:
        raise bad_request("token is required for TokenReview in authentication")
    identity = answers.identify(token)
    if identity is None or AUDIENCE not in audiences:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": identity.json(), "audiences": [AUDIENCE]}


_ANSWERS: Mapping[str, Callable[[Answers, Json, Route, ApiRequest], Json]] = {
    "LocalSubjectAccessReview": _local_access,
    "SelfSubjectAccessReview": _self_access,
    "SelfSubjectReview": _self,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _access,
    "TokenReview": _token,
}
