"""What each CNI verb needs before it may run: one table, from the specification 1.1.

| verb | variables that must be set | oldest cniVersion | keys of the configuration |
| --- | --- | --- | --- |
| ADD | CONTAINERID NETNS IFNAME | 0.3.0 | |
| DEL | CONTAINERID IFNAME | 0.3.0 | only the network's name: parents pass lossy configurations |
| CHECK | CONTAINERID NETNS IFNAME | 0.4.0 | prevResult |
| GC | PATH | 1.1.0 | cni.dev/valid-attachments |
| STATUS | | 1.1.0 | |
| VERSION | | 0.3.0 | |

CNI_COMMAND is needed by all. The Go library also asks for CNI_PATH where the specification calls it optional; a plugin
that starts no other plugin has no use for it, so its absence is no error here.
"""

from dataclasses import dataclass

from spiderpool.cni.config import NetworkConfig
from spiderpool.cni.errors import SUPPORTED_VERSIONS, CniError, Code, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One row of the table. ``variables`` are full names, CNI_COMMAND left out."""

    name: str
    variables: tuple[str, ...] = ()
    oldest_version: str = "0.3.0"
    wants_previous_result: bool = False
    wants_attachments: bool = False
    lossy_configuration: bool = False


_CONTAINER = ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME")

VERBS = {
    verb.name: verb
    for verb in (
        Verb(name="ADD", variables=_CONTAINER),
        Verb(name="DEL", variables=("CNI_CONTAINERID", "CNI_IFNAME"), lossy_configuration=True),
        Verb(name="CHECK", variables=_CONTAINER, oldest_version="0.4.0", wants_previous_result=True),
        Verb(name="GC", variables=("CNI_PATH",), oldest_version="1.1.0", wants_attachments=True),
        Verb(name="STATUS", oldest_version="1.1.0"),
        Verb(name="VERSION"),
    )
}


def admit(verb: Verb, config: NetworkConfig) -> None:
    """Check that this configuration allows this verb.

    Raises:
        CniError: code 1 when the cniVersion is older than the verb; code 7 when a key that the verb needs is missing.
    """
    if verb.lossy_configuration:
        return
    if SUPPORTED_VERSIONS.index(config.cni_version) < SUPPORTED_VERSIONS.index(verb.oldest_version):
        raise CniError(
            Code.INCOMPATIBLE_VERSION,
            f"cniVersion {shown(config.cni_version)} has no {verb.name}",
            f"set cniVersion to {verb.oldest_version} or newer",
        )
    if verb.wants_previous_result and config.previous_result is None:
        raise CniError(
            Code.INVALID_CONFIGURATION,
            f"prevResult is missing, {verb.name} needs it",
            "the runtime must pass the result of the ADD",
        )
    if verb.wants_attachments and config.valid_attachments is None:
        raise CniError(
            Code.INVALID_CONFIGURATION,
            f"cni.dev/valid-attachments is missing, {verb.name} needs it",
            "the runtime must list the attachments that are still valid; an empty list means that none is",
        )
