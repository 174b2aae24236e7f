"""Configurations of admission webhooks: their defaults, and what is wrong with them in the real server's words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from simulator.kube.server.custom.cel import ADMISSION_VARIABLES, CelError, expression_type
from simulator.kube.server.field_errors import duplicate, invalid_value, not_supported, required
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_NAME_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
_SELECTOR_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_URL_FORM = "; desired format: https://host[/path]"
_DEFAULTS = (("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("timeoutSeconds", 10))


def complete_configuration(configuration: Json, before: Json | None) -> None:
    """The defaults of a webhook configuration."""
    for hook in configuration.get("webhooks") or []:
        for name, value in _DEFAULTS:
            if hook.get(name) is None:
                hook[name] = value
        for name in ("namespaceSelector", "objectSelector"):
            if hook.get(name) is None:
                hook[name] = {}
        if configuration.get("kind") == "MutatingWebhookConfiguration":
            hook["reinvocationPolicy"] = hook.get("reinvocationPolicy") or "Never"
        if hook.get("sideEffects", "") is None:
            del hook["sideEffects"]
        service = (hook.get("clientConfig") or {}).get("service")
        if service and service.get("port") is None:
            service["port"] = 443
        complete_rules(hook.get("rules"))


def complete_rules(rules: Sequence[Json] | None) -> None:
    """The defaults of rules."""
    for rule in rules or []:
        rule["scope"] = rule.get("scope") or "*"


def check_configuration(configuration: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a webhook configuration."""
    causes: list[Cause] = []
    names: list[str] = []
    for position, hook in enumerate(configuration.get("webhooks") or []):
        place, name = f"webhooks[{position}]", hook.get("name") or ""
        causes += _hook_faults(hook, place)
        causes += _version_faults(hook.get("admissionReviewVersions") or [], f"{place}.admissionReviewVersions")
        if name and name in names:
            causes.append(duplicate(f"{place}.name", name))
        names.append(name)
    return causes


def _hook_faults(hook: Json, place: str) -> Iterator[Cause]:
    yield from _name_faults(hook.get("name") or "", f"{place}.name")
    for number, rule in enumerate(hook.get("rules") or []):
        yield from rule_faults(rule, f"{place}.rules[{number}]")
    for name, allowed in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        if hook.get(name) not in allowed:
            yield not_supported(f"{place}.{name}", hook.get(name), allowed)
    effects = hook.get("sideEffects")
    if effects is None:
        yield required(f"{place}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in ("None", "NoneOnDryRun"):
        yield not_supported(f"{place}.sideEffects", effects, ("None", "NoneOnDryRun"))
    timeout = hook.get("timeoutSeconds")
    if isinstance(timeout, int) and not 1 <= timeout <= 30:
        yield invalid_value(f"{place}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds")
    for name in ("namespaceSelector", "objectSelector"):
        yield from selector_faults(hook.get(name) or {}, f"{place}.{name}")
    policy = hook.get("reinvocationPolicy")
    if policy is not None and policy not in ("Never", "IfNeeded"):
        yield not_supported(f"{place}.reinvocationPolicy", policy, ("IfNeeded", "Never"))
    yield from _client_faults(hook.get("clientConfig") or {}, f"{place}.clientConfig")
    yield from condition_faults(hook.get("matchConditions") or [], f"{place}.matchConditions")


def _name_faults(name: str, place: str) -> Iterator[Cause]:
    if not name:
        yield required(place)
    elif _SUBDOMAIN.fullmatch(name) is None:
        yield invalid_value(place, name, _SUBDOMAIN_WORDS)
    elif name.count(".") < 2:
        yield invalid_value(place, name, "should be a domain with at least three segments separated by dots")


def rule_faults(rule: Json, place: str) -> Iterator[Cause]:
    """What is wrong with one rule."""
    operations = rule.get("operations") or []
    if not operations:
        yield required(f"{place}.operations")
    if len(operations) > 1 and "*" in operations:
        detail = "if '*' is present, must not specify other operations"
        yield invalid_value(f"{place}.operations", operations, detail)
    for number, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            yield not_supported(f"{place}.operations[{number}]", operation, _OPERATIONS)
    for name, said in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values = rule.get(name) or []
        if not values:
            yield required(f"{place}.{name}")
        if len(values) > 1 and "*" in values:
            yield invalid_value(f"{place}.{name}", values, f"if '*' is present, must not specify other {said}")
    for number, version in enumerate(rule.get("apiVersions") or []):
        if not version:
            yield required(f"{place}.apiVersions[{number}]")
    yield from _resource_faults(rule.get("resources") or [], f"{place}.resources")
    if rule.get("scope") not in _SCOPES:
        yield not_supported(f"{place}.scope", rule.get("scope"), _SCOPES)


def _resource_faults(resources: list[str], place: str) -> Iterator[Cause]:
    if not resources:
        yield required(place)
    whole: set[str] = set()
    everywhere: set[str] = set()
    bare = False
    for number, text in enumerate(resources):
        if not text:
            yield required(f"{place}[{number}]")
            continue
        resource, slash, part = text.partition("/")
        if not slash:
            bare = text != "*"
            continue
        if resource in whole:
            yield invalid_value(f"{place}[{number}]", text, f"if '{resource}/*' is present, must not specify {text}")
        if part in everywhere:
            yield invalid_value(f"{place}[{number}]", text, f"if '*/{part}' is present, must not specify {text}")
        if part == "*":
            whole.add(resource)
        if resource == "*":
            everywhere.add(part)
    if len(resources) > 1 and "*/*" in resources:
        yield invalid_value(place, resources, "if '*/*' is present, must not specify other resources")
    if "*" in resources and bare:
        detail = "if '*' is present, must not specify other resources without subresources"
        yield invalid_value(place, resources, detail)


def _version_faults(versions: list[str], place: str) -> Iterator[Cause]:
    if not versions:
        yield required(place, "must specify one of v1, v1beta1")
        return
    for number, version in enumerate(versions):
        if version in versions[:number]:
            yield invalid_value(f"{place}[{number}]", version, "duplicate version")
    if not {"v1", "v1beta1"} & set(versions):
        yield invalid_value(place, versions, "must include at least one of v1, v1beta1")


def selector_faults(selector: Json, place: str) -> Iterator[Cause]:
    """What is wrong with a label selector."""
    for number, one in enumerate(selector.get("matchExpressions") or []):
        where, operator, values = f"{place}.matchExpressions[{number}]", one.get("operator") or "", one.get("values")
        if operator in ("In", "NotIn") and not values:
            yield required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist") and values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield Cause(field=f"{where}.values", message=f"Forbidden: {detail}", reason="FieldValueForbidden")
        elif operator not in _SELECTOR_OPERATORS:
            yield invalid_value(f"{where}.operator", operator, "not a valid selector operator")


def _client_faults(client: Json, place: str) -> Iterator[Cause]:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield required(place, "exactly one of url or service is required")
    elif url is not None:
        yield from _url_faults(url, f"{place}.url")
    elif service is not None:
        yield from _service_faults(service, f"{place}.service")


def _url_faults(url: str, place: str) -> Iterator[Cause]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield invalid_value(place, parts.scheme, f"'https' is the only allowed URL scheme{_URL_FORM}")
    user, at, host = parts.netloc.rpartition("@")
    if not host:
        yield invalid_value(place, "", f"host must be specified{_URL_FORM}")
    if at:
        yield invalid_value(place, user, "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid_value(place, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid_value(place, parts.query, "query parameters are not permitted in the URL")


def _service_faults(service: Json, place: str) -> Iterator[Cause]:
    # The real server takes the one for the other in these two, and so names the other field.
    if not service.get("namespace"):
        yield required(f"{place}.name")
    if not service.get("name"):
        yield required(f"{place}.namespace")
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        detail = "port is not valid: must be between 1 and 65535, inclusive"
        yield invalid_value(f"{place}.port", port, detail)
    path = service.get("path")
    if not path or path == "/":
        return
    if not path.startswith("/"):
        yield invalid_value(f"{place}.path", path, "must start with a '/'")
    for number, step in enumerate(path[1:].removesuffix("/").split("/")):
        if not step:
            yield invalid_value(f"{place}.path", path, f"segment[{number}] may not be empty")
        elif _SUBDOMAIN.fullmatch(step) is None:
            yield invalid_value(f"{place}.path", path, f"segment[{number}]: {_SUBDOMAIN_WORDS}")


def condition_faults(
    conditions: Sequence[Json], place: str, variables: tuple[str, ...] = ADMISSION_VARIABLES
) -> Iterator[Cause]:
    """What is wrong with match conditions."""
    names: list[str] = []
    for number, condition in enumerate(conditions):
        name, text, where = condition.get("name") or "", condition.get("expression") or "", f"{place}[{number}]"
        if not text.strip():
            yield required(f"{where}.expression")
        else:
            yield from boolean_faults(text, f"{where}.expression", variables)
        if not name:
            yield required(f"{where}.name")
        elif _NAME.fullmatch(name.rpartition("/")[2]) is None:
            yield invalid_value(f"{where}.name", name, _NAME_WORDS)
        elif name in names:
            yield duplicate(f"{where}.name", name)
        names.append(name)


def boolean_faults(text: str, place: str, variables: tuple[str, ...]) -> Iterator[Cause]:
    """What is wrong with an expression that has to be true or false."""
    try:
        kind = expression_type(text, variables)
    except CelError as error:
        yield invalid_value(place, text, f"compilation failed: {error}")
        return
    if kind not in ("bool", "dyn"):
        yield invalid_value(place, text, f"must evaluate to bool but got {kind}")
