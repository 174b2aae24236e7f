"""One node as hardware and operating system: power, disk, network table, processes, and the programs of /opt/cni/bin.

The machine knows nothing of Kubernetes. What survives a power cut is the disk; everything else (processes, network
namespaces, the boot id) belongs to one boot.

Every start of a program passes one place, ``launch``. There faults are asked what shall go wrong with this call, and
watchers are told when it begins and ends, so that a trace of the simulator reads like a trace of a real node whose
plugins are wrapped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Literal, Protocol

import msgspec

from simulator.kube.node.netstack import Change, Inodes, NetStack
from simulator.kube.node.process import Process, ProcessHandle
from simulator.kube.ports import Clock, Disk, Trace, Value

KILLED = 137  # exit code of a process that got SIGKILL
CRASHED = 2


class Exec(msgspec.Struct, frozen=True, kw_only=True):
    """What a program is started with. Children that it starts have ``process`` as their parent."""

    environ: Mapping[bytes, bytes]
    stdin: bytes
    parent: ProcessHandle
    process: Process


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a program leaves: its exit code and what it wrote to stdout."""

    exit_code: int = 0
    stdout: bytes = b""


Executable = Callable[[Exec], Awaitable[Result]]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a program, as faults and watchers see it. Fields are empty where the environment has none."""

    node: str
    program: str
    verb: str
    container_id: str
    interface: str
    netns: str
    namespace: str
    pod: str
    uid: str
    has_prev_result: bool
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upset:
    """What shall go wrong with one call, in the order in which it happens. The default is nothing.

    ``lost``: the program is never started and the caller believes that it succeeded. ``repeat``: so many more times
    after the first.
    """

    lost: bool = False
    sleep_before_seconds: float = 0.0
    fail_before: bool = False
    repeat: int = 0
    sleep_after_seconds: float = 0.0
    fail_after: bool = False


class RuntimeFaults(Protocol):
    """Asked before each start of a CNI program."""

    def before_call(self, call: Call) -> Upset:
        """What shall go wrong with this one."""
        ...


Watcher = Callable[[Call, Literal["begin", "end"], Result | None], None]
"""``watcher(call, "begin", None)``, then ``(call, "end", result)``: ``None`` as result means killed."""

FAULTY = Result(exit_code=1, stdout=b'{"cniVersion": "1.0.0", "code": 999, "msg": "injected failure"}')


@dataclass(slots=True)
class Child:
    """A started program: its process, and its result when that comes."""

    process: Process
    result: Result | None = None
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def wait(self) -> Result:
        """The result; a killed one has exit code 137."""
        while self.result is None:
            ended = asyncio.get_running_loop().create_future()
            self._waiting.append(ended)
            await ended
        return self.result

    def end(self, result: Result) -> bool:
        """It has ended with this result; whether that is news."""
        if self.result is not None:
            return False
        self.result = result
        for ended in self._waiting:
            if not ended.done():
                ended.set_result(None)
        return True


@dataclass(slots=True, kw_only=True)
class Machine:
    """One node. ``binaries`` is /opt/cni/bin: name to program.

    ``clock`` and ``disk`` are this machine's own; a clock that has ``boot_again`` is told of each boot after the first.
    """

    name: str
    machine_id: str
    disk: Disk
    clock: Clock
    trace: Trace
    inodes: Inodes
    on_change: Change | None = None
    faults: RuntimeFaults | None = None
    binaries: dict[str, Executable] = field(default_factory=dict)
    watchers: list[Watcher] = field(default_factory=list)
    powered: bool = False
    partitioned: bool = False
    boot_id: str = ""
    netstack: NetStack = field(init=False)
    _processes: dict[int, Process] = field(default_factory=dict)
    _boots: int = 0
    _pids: int = 0
    _calls: int = 0

    def __post_init__(self) -> None:
        self.netstack = NetStack(self.name, self.inodes, self.on_change)

    def boot(self) -> None:
        """Power on: a new boot id, no process, no pod namespace."""
        if self.powered:
            raise RuntimeError(f"{self.name} is already on")
        self._boots += 1
        again = getattr(self.clock, "boot_again", None)
        if again is not None and self._boots > 1:
            again()
        digits = sha256(f"{self.machine_id}/{self._boots}".encode()).hexdigest()
        self.boot_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
        self.powered = True
        self.trace.event(self.name, "boot", boot_id=self.boot_id)

    def power_cut(self) -> None:
        """All processes end and all namespaces are gone, at one instant; the disk keeps what was durable."""
        if not self.powered:
            return
        self.powered = False
        self.trace.event(self.name, "power-cut")
        for process in list(self._processes.values()):
            process.kill()
        self._processes.clear()
        self.netstack.clear()
        self.disk.power_cut()

    def processes(self) -> list[Process]:
        """What runs, in order of start."""
        return list(self._processes.values())

    def start(self, name: str, parent: ProcessHandle | None = None) -> Process:
        """A new process without code; give it some with ``Process.start``."""
        if not self.powered:
            raise RuntimeError(f"{self.name} has no power")
        self._pids += 1
        process = Process(name, self._pids, parent)
        self._processes[process.pid] = process
        process.on_exit(lambda: self._reap(process))
        return process

    def launch(self, program: str, environ: Mapping[bytes, bytes], stdin: bytes, parent: ProcessHandle) -> Child:
        """Start a program of /opt/cni/bin as a child of ``parent``; it outlives its parent.

        Raises:
            FileNotFoundError: no such program is installed.
        """
        executable = self.binaries.get(program)
        if executable is None:
            raise FileNotFoundError(f'failed to find plugin "{program}" in path [/opt/cni/bin]')
        process = self.start(program, parent)
        call = self._call(program, environ, stdin)
        child = Child(process)
        process.on_exit(lambda: self._exited(call, child))
        request = Exec(environ=environ, stdin=stdin, parent=parent, process=process)
        process.start(self._run(executable, request, call, child))
        return child

    async def execute(
        self, program: str, environ: Mapping[bytes, bytes], stdin: bytes, parent: ProcessHandle
    ) -> Result:
        """Start a program and wait for it.

        Raises:
            FileNotFoundError: no such program is installed.
        """
        return await self.launch(program, environ, stdin, parent).wait()

    async def _run(self, executable: Executable, request: Exec, call: Call, child: Child) -> None:
        self._tell(call, "begin", None)
        upset = self.faults.before_call(call) if self.faults is not None else Upset()
        try:
            result = await self._upset(executable, request, upset)
        except Exception as error:
            result = Result(exit_code=CRASHED)
            self.trace.event(self.name, "program-crashed", program=call.program, error=repr(error))
            self._finish(call, child, result)
            raise
        self._finish(call, child, result)

    async def _upset(self, executable: Executable, request: Exec, upset: Upset) -> Result:
        if upset.lost:
            return Result()
        if upset.sleep_before_seconds:
            await self.clock.sleep(upset.sleep_before_seconds)
        if upset.fail_before:
            return FAULTY
        result = await executable(request)
        for _ in range(upset.repeat):
            result = await executable(request)
        if upset.sleep_after_seconds:
            await self.clock.sleep(upset.sleep_after_seconds)
        return FAULTY if upset.fail_after else result

    def _reap(self, process: Process) -> None:
        self._processes.pop(process.pid, None)

    def _finish(self, call: Call, child: Child, result: Result) -> None:
        if child.end(result):
            self._tell(call, "end", result)
        child.process.kill()

    def _exited(self, call: Call, child: Child) -> None:
        if child.end(Result(exit_code=KILLED)):
            self._tell(call, "end", None)

    def _call(self, program: str, environ: Mapping[bytes, bytes], stdin: bytes) -> Call:
        self._calls += 1
        arguments = _arguments(environ.get(b"CNI_ARGS", b""))
        return Call(
            node=self.name,
            program=program,
            verb=environ.get(b"CNI_COMMAND", b"").decode(),
            container_id=environ.get(b"CNI_CONTAINERID", b"").decode(),
            interface=environ.get(b"CNI_IFNAME", b"").decode(),
            netns=environ.get(b"CNI_NETNS", b"").decode(),
            namespace=arguments.get("K8S_POD_NAMESPACE", ""),
            pod=arguments.get("K8S_POD_NAME", ""),
            uid=arguments.get("K8S_POD_UID", ""),
            has_prev_result=b'"prevResult"' in stdin,
            number=self._calls,
        )

    def _tell(self, call: Call, moment: Literal["begin", "end"], result: Result | None) -> None:
        fields: dict[str, Value] = {"program": call.program, "verb": call.verb, "container": call.container_id[:12]}
        if moment == "begin":
            fields |= {"pod": call.pod, "netns": call.netns, "prev": call.has_prev_result}
        else:
            fields["rc"] = KILLED if result is None else result.exit_code
        self.trace.event(self.name, f"cni-{moment}", call=call.number, **fields)
        for watcher in tuple(self.watchers):  # one may leave while it is told
            watcher(call, moment, result)


@lru_cache(maxsize=256)  # a plugin and the one that it starts have the same
def _arguments(text: bytes) -> Mapping[str, str]:
    return dict([pair.split("=", 1) for pair in text.decode().split(";") if "=" in pair])
