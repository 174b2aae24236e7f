"""Who this node is: its name is configured, its machine id and boot id are read.

Only the same machine may attest to what happened on it, and a new boot id means that every network namespace of the
boots before is gone. A wrong identity would free addresses that are in use; so a node without one does not start.
"""

from pathlib import Path

from spiderpool.host.port import HostError, NodeIdentity

MACHINE_ID_FILE = Path("/etc/machine-id")
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
_UNINITIALIZED = "uninitialized"


def read_identity(
    node_name: str, *, machine_id_file: Path = MACHINE_ID_FILE, boot_id_file: Path = BOOT_ID_FILE
) -> NodeIdentity:
    """Read who this node is.

    Args:
        node_name: Name of the Node object.
        machine_id_file: Where the machine's own id stands; a pod must mount the host's.
        boot_id_file: Where the kernel shows the id of this boot.

    Raises:
        HostError: a file is missing or holds no id, or the name is empty.
    """
    if not node_name:
        raise HostError("the node has no name; set SPIDERPOOL_NODE_NAME to the name of the Node object")
    return NodeIdentity(
        name=node_name,
        machine_id=_id_in(machine_id_file, "systemd-machine-id-setup makes one; a pod must mount the host's"),
        boot_id=_id_in(boot_id_file, "it is the kernel's; /proc must be mounted"),
    )


def _id_in(file: Path, remedy: str) -> str:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HostError(f"{file} cannot be read: {error}; {remedy}") from error
    if text in {"", _UNINITIALIZED} or len(text.split()) != 1:
        raise HostError(f"{file} holds {text!r}, which is no id; {remedy}")
    return text
