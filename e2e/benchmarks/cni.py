"""CNI calls as a runtime makes them: to the agent's socket in the plugin's own bytes, or through a plugin process.

Whoever calls shares the cores with what is measured, so that this stays close to the system: raw requests on one loop,
and ``posix_spawn`` in threads.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spiderpool.plugin.wire import Call, request_bytes, whole_answer

STDIN = json.dumps(
    {
        "cniVersion": "1.0.0",
        "name": "macvlan-underlay",
        "type": "macvlan",
        "master": "up0",
        "mode": "bridge",
        "ipam": {"type": "spiderpool"},
    }
).encode()
DEADLINE_SECONDS = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One interface of one container of a pod."""

    node: str
    namespace: str
    pod: str
    uid: str
    container_id: str
    netns: Path

    def variables(self, verb: str) -> dict[bytes, bytes]:
        """The environment of a CNI call."""
        args = (
            f"IgnoreUnknown=1;K8S_POD_NAMESPACE={self.namespace};K8S_POD_NAME={self.pod};"
            f"K8S_POD_INFRA_CONTAINER_ID={self.container_id};K8S_POD_UID={self.uid}"
        )
        text = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": self.container_id,
            "CNI_NETNS": str(self.netns),
            "CNI_IFNAME": "eth0",
            "CNI_ARGS": args,
            "CNI_PATH": "/opt/cni/bin",
        }
        return {name.encode(): value.encode() for name, value in text.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call answered, and how long it took."""

    attachment: Attachment
    code: int
    stdout: bytes
    seconds: float

    @property
    def addresses(self) -> list[str]:
        """The addresses that an ADD handed out."""
        return [ip["address"] for ip in json.loads(self.stdout)["ips"]] if self.code == 0 and self.stdout else []


def pool_config(*pools: str) -> bytes:
    """A network configuration that names its pools."""
    config = json.loads(STDIN)
    config["ipam"] |= {
        "default_ipv4_ippool": [pool for pool in pools if not pool.startswith("v6")],
        "default_ipv6_ippool": [pool for pool in pools if pool.startswith("v6")],
    }
    return json.dumps({**config, "ipam": {key: value for key, value in config["ipam"].items() if value}}).encode()


async def by_socket(socket: Path, verb: str, attachment: Attachment, stdin: bytes) -> Answer:
    """One call on a connection of its own, as each plugin process makes it."""
    began = time.perf_counter()
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    call = Call(attachment.variables(verb), stdin, now)
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(request_bytes(call, now + DEADLINE_SECONDS * 1_000_000_000))
    answer = await reader.read()
    writer.close()
    code, stdout = whole_answer(answer) or (-1, b"")
    return Answer(attachment=attachment, code=code, stdout=stdout, seconds=time.perf_counter() - began)


def by_process(plugin: Path, verb: str, attachment: Attachment, config: Path) -> Answer:
    """One call through a plugin process; blocks until it has ended."""
    began = time.perf_counter()
    code, stdout = spawn([str(plugin)], attachment.variables(verb), config)
    return Answer(attachment=attachment, code=code, stdout=stdout, seconds=time.perf_counter() - began)


def spawn(argv: list[str], variables: Mapping[bytes, bytes], stdin: Path) -> tuple[int, bytes]:
    """Run a program to its end; exit code and stdout."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, str(stdin), os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
        ]
        pid = os.posix_spawn(argv[0], argv, variables, file_actions=actions)
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        stdout = pipe.readall()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), stdout
