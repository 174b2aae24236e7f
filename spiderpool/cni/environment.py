"""The CNI_* variables of one call, understood and checked.

The plugin forwards every variable as text. Here they become a ``Call``; what is wrong is refused with code 4 and a
sentence that names every variable concerned, so that an author of a runtime sees all of them at once. DEL is
forgiving wherever it can be: it needs the container's ID and the interface's name and nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from spiderpool.cni.dispatch import VERBS, Verb
from spiderpool.cni.errors import CniError, Code, shown

_NOT_IN_NAMES = re.compile(r"[/:\s]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
INTERFACE_BYTES_MAX = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a runtime. What the verb does not need and the runtime did not set is empty.

    ``args`` are the pairs of CNI_ARGS; ``path`` the folders of CNI_PATH.
    """

    command: str
    container_id: str = ""
    netns: str = ""
    ifname: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodArgs:
    """The pod that kubelet's runtime names in CNI_ARGS."""

    namespace: str = ""
    name: str = ""
    uid: str = ""
    infra_container_id: str = ""


def parse_call(variables: Mapping[str, str]) -> Call:
    """Understand the variables of one call.

    Args:
        variables: Environment; other variables than CNI_* are ignored. Bytes that were no UTF-8 may stand in it as
            lone surrogates.

    Raises:
        CniError: code 4; every variable that is missing is named, or the first one that is malformed.
    """
    verb = _verb(variables)
    missing = [name for name in verb.variables if not variables.get(name)]
    if missing:
        raise _refusal(f"{verb.name} needs {', '.join(missing)}, not set", "the runtime must set every one of them")
    container_id = variables.get("CNI_CONTAINERID", "")
    ifname = variables.get("CNI_IFNAME", "")
    if "CNI_CONTAINERID" in verb.variables:
        check_container_id("CNI_CONTAINERID", container_id)
    if "CNI_IFNAME" in verb.variables:
        check_ifname("CNI_IFNAME", ifname)
    netns = variables.get("CNI_NETNS", "")
    if "CNI_NETNS" in verb.variables:
        check_netns("CNI_NETNS", netns)
    return Call(
        command=verb.name,
        container_id=container_id,
        netns=netns,
        ifname=ifname,
        args=_pairs(variables.get("CNI_ARGS", ""), forgiving="CNI_NETNS" not in verb.variables),
        path=tuple(folder for folder in variables.get("CNI_PATH", "").split(":") if folder),
    )


def pod_args(args: Mapping[str, str], *, required: bool = True) -> PodArgs:
    """The pod that the pairs of CNI_ARGS name.

    Args:
        args: Pairs of CNI_ARGS.
        required: False for DEL: what is missing or malformed is left empty.

    Raises:
        CniError: code 4; every key that is missing is named, or the first one that is malformed.
    """
    found = {key: args.get(key, "") for key in _POD_KEYS}
    if not required:
        found = {key: value if _well_formed(key, value) else "" for key, value in found.items()}
    else:
        missing = [key for key, value in found.items() if not value and key != "K8S_POD_INFRA_CONTAINER_ID"]
        if missing:
            raise _refusal(f"CNI_ARGS lacks {', '.join(missing)}", "the runtime must pass the pod's identity")
        for key, value in found.items():
            if value:
                check_pod_part(f"{key} in CNI_ARGS", key, value)
    return PodArgs(
        namespace=found["K8S_POD_NAMESPACE"],
        name=found["K8S_POD_NAME"],
        uid=found["K8S_POD_UID"],
        infra_container_id=found["K8S_POD_INFRA_CONTAINER_ID"],
    )


_POD_KEYS = {
    "K8S_POD_NAMESPACE": (_LABEL, 63, "a namespace's name: lower-case letters, digits and '-', at most 63"),
    "K8S_POD_NAME": (_SUBDOMAIN, 253, "a pod's name: lower-case letters, digits, '-' and '.', at most 253"),
    "K8S_POD_UID": (_ID, 128, "a pod's uid: letters, digits, '-', '_' and '.', at most 128"),
    "K8S_POD_INFRA_CONTAINER_ID": (_ID, 255, "a container's ID: letters, digits, '-', '_' and '.'"),
}


def check_pod_part(where: str, key: str, value: str) -> None:
    """Refuse what cannot name a pod.

    Args:
        where: name of the field, for the sentence.
        key: which part it is, by its name in CNI_ARGS.
        value: what stands there; it must not be empty.

    Raises:
        CniError: code 4.
    """
    if not value or not _well_formed(key, value):
        raise _refusal(f"{where} is {shown(value)}", f"expected {_POD_KEYS[key][2]}")


def _well_formed(key: str, value: str) -> bool:
    pattern, length_max, _ = _POD_KEYS[key]
    return not value or (len(value) <= length_max and pattern.fullmatch(value) is not None)


def _verb(variables: Mapping[str, str]) -> Verb:
    command = variables.get("CNI_COMMAND", "")
    if not command:
        raise _refusal("CNI_COMMAND is not set", f"the runtime must set it to one of {', '.join(VERBS)}")
    verb = VERBS.get(command)
    if verb is None:
        raise _refusal(f"CNI_COMMAND is {shown(command)}", f"expected one of {', '.join(VERBS)}")
    return verb


def check_container_id(where: str, value: str) -> None:
    """Refuse what is no container's ID: it becomes part of file names.

    Args:
        where: name of the variable or field, for the sentence.
        value: what stands there.

    Raises:
        CniError: code 4.
    """
    if not _ID.fullmatch(value):
        raise _refusal(
            f"{where} is {shown(value)}",
            "expected a letter or digit first, then letters, digits, '_', '.' and '-'",
        )


def check_ifname(where: str, value: str) -> None:
    """Refuse what is no interface's name, as ``check_container_id`` does.

    Raises:
        CniError: code 4.
    """
    too_long = len(value.encode("utf-8", "surrogateescape")) > INTERFACE_BYTES_MAX
    if too_long or value in {"", ".", ".."} or not value.isprintable() or _NOT_IN_NAMES.search(value):
        raise _refusal(
            f"{where} is {shown(value)}",
            f"expected an interface's name: at most {INTERFACE_BYTES_MAX} bytes, no space, '/' or ':', not '.' or '..'",
        )


def check_netns(where: str, value: str) -> None:
    """Refuse what is no path of a network namespace, as ``check_container_id`` does.

    Raises:
        CniError: code 4.
    """
    if not value.startswith("/") or not value.isprintable():
        raise _refusal(f"{where} is {shown(value)}", "expected the absolute path of a network namespace")


def _pairs(text: str, *, forgiving: bool) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(";"):
        key, equals, value = part.partition("=")
        if key and equals:
            pairs[key] = value
        elif part and not forgiving:
            raise _refusal(f"CNI_ARGS has the part {shown(part)}", "expected pairs KEY=VALUE, separated by ';'")
    return pairs


def _refusal(msg: str, details: str) -> CniError:
    return CniError(Code.INVALID_ENVIRONMENT, msg, details)
