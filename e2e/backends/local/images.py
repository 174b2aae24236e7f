"""The two container images of the suites, made from local files without a registry.

``localhost/pause:1`` holds a sandbox's namespaces. ``localhost/box:1`` is busybox, for pods that ping; it idles by the
same ``pause`` program, because a shell that sleeps as PID 1 takes SIGTERM for nothing and a pod would die only when its
grace is over. Both are docker archives: ``ctr images import`` and ``kind load image-archive`` read them.
"""

import hashlib
import io
import json
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAUSE = "localhost/pause:1"
BOX = "localhost/box:1"
ARCHIVES = ("pause.tar", "box.tar")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

PAUSE_SOURCE = r"""
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int number) { (void)number; _exit(0); }
static void reap(int number) { (void)number; while (waitpid(-1, 0, WNOHANG) > 0) { } }

int main(void) {
  struct sigaction action = {0};
  action.sa_handler = leave;
  sigaction(SIGINT, &action, 0);
  sigaction(SIGTERM, &action, 0);
  action.sa_handler = reap;
  action.sa_flags = SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, 0);
  for (;;) pause();
}
"""
# Without a C compiler; needs busybox in the image.
PAUSE_SCRIPT = "#!/bin/sh\ntrap 'exit 0' TERM INT\nwhile :; do sleep 3600 & wait $!; done\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in an image: a file with bytes, a link to a name, or a folder when it has neither."""

    name: str
    data: bytes | None = None
    link: str | None = None
    mode: int = 0o755


def _tar(entries: Sequence[Entry]) -> bytes:
    """A tar with no times or owners in it: the same content gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.mode = entry.mode
            if entry.data is not None:
                info.size = len(entry.data)
            elif entry.link is not None:
                info.type, info.linkname = tarfile.SYMTYPE, entry.link
            else:
                info.type = tarfile.DIRTYPE
            tar.addfile(info, io.BytesIO(entry.data or b""))
    return buffer.getvalue()


def archive(tag: str, files: Sequence[Entry], command: Sequence[str]) -> bytes:
    """A docker archive of one image with one layer."""
    layer = _tar(files)
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Cmd": list(command), "Env": ["PATH=/bin"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created_by": "e2e/backends/local/images.py"}],
    }
    config_data = json.dumps(config, sort_keys=True).encode()
    config_name = hashlib.sha256(config_data).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
    return _tar(
        [
            Entry(name=config_name, data=config_data, mode=0o644),
            Entry(name="layer.tar", data=layer, mode=0o644),
            Entry(name="manifest.json", data=json.dumps(manifest).encode(), mode=0o644),
        ]
    )


def _box_files(busybox: Path) -> list[Entry]:
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    folders = [
        Entry(name=name, mode=0o1777 if name == "tmp" else 0o755) for name in ("bin", "dev", "etc", "proc", "tmp")
    ]
    links = [Entry(name=f"bin/{applet}", link="busybox") for applet in applets if applet != "busybox"]
    accounts = Entry(name="etc/passwd", data=b"root:x:0:0:root:/:/bin/sh\n", mode=0o644)
    return [*folders, accounts, Entry(name="bin/busybox", data=busybox.read_bytes()), *links]


def _compiled_pause(folder: Path) -> bytes | None:
    """The static program; None without a C compiler that can link one."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    target = folder / "pause"
    done = subprocess.run(
        [compiler, "-Os", "-static", "-s", "-x", "c", "-", "-o", str(target)],
        input=PAUSE_SOURCE,
        text=True,
        capture_output=True,
        check=False,
    )
    return target.read_bytes() if done.returncode == 0 else None


def make(folder: Path, busybox: Path) -> list[Path]:
    """Write both archives into ``folder``; returns their paths. ``busybox`` must be statically linked."""
    folder.mkdir(parents=True, exist_ok=True)
    box = _box_files(busybox)
    program = _compiled_pause(folder)
    pause = Entry(name="pause", data=program or PAUSE_SCRIPT.encode())
    contents = {"pause.tar": (PAUSE, [pause] if program else [*box, pause]), "box.tar": (BOX, [*box, pause])}
    for name, (tag, files) in contents.items():
        (folder / name).write_bytes(archive(tag, files, ["/pause"]))
    return [folder / name for name in ARCHIVES]
