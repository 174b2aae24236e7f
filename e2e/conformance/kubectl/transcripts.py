"""What a transcript looks like once everything is masked that two equal servers may say differently.

Masked are uids, revisions, times, dates, ages, generated names and hashes, cluster IPs, node ports that nobody chose,
ports and folders. How far columns stand apart follows from what was masked, so two or more spaces inside a line count
as two. Descriptions of built-in types are Kubernetes' prose: they are left out, and the fields and their types stay.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from e2e.conformance.kubectl.terminal import Said
from e2e.conformance.masking import Masks

FOLDER = Path(__file__).resolve().parent.parent / "recordings" / "kubectl"
_DIFFERENCES_SHOWN = 60
CHOSEN_PORTS = frozenset({"30099"})
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_RULES: Sequence[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = (
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 20(?!24)\d\d \d\d:\d\d:\d\d [+]0000"), "a date"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d[.]\d+ [+]0000"), "a time"),
    (re.compile(r"(?<![\w=:.-])(?:\d{1,4}[yd]){0,2}(?:\d{1,2}[hms]|1[01]\ds)*(?<=[ydhms])(?![\w.-])"), "age"),
    (re.compile(r"(kubectl-edit-|kubectl-[a-z-]+?)\d+"), r"\1N"),
    (re.compile(r"\b(?:LIVE|MERGED)-\d+"), lambda found: found.group().partition("-")[0]),
    (re.compile(rf"-[{_SAFE}]{{6,10}}(?:-[{_SAFE}]{{5}})?(?![\w-])"), "-generated"),
    (re.compile(rf"(?<=[a-z]-generated-)[{_SAFE}]{{5}}(?!\w)"), "generated"),
    (re.compile(rf"(?<=once-)[{_SAFE}]{{5}}(?!\w)"), "generated"),
    (re.compile(rf"(hash[=:\"]+ ?\"?)[{_SAFE}]{{6,10}}(?!\w)"), r"\1generated"),
    (re.compile(r'"serverAddress":"[^"]+"'), '"serverAddress":"where it is"'),
    (re.compile(r"\b10[.](?:255[.]0|96[.]\d+)[.]\d+"), "a cluster IP"),
    (re.compile(r"^[EWI]\d{4} [\d:.]+ +\d+ "), "log "),
    (re.compile(r"(?<=\S) {2,}"), "  "),
)
# What kubectl says, or does not get to say, of a watch that it has just given up itself.
_NOISE = re.compile(r'very short watch: |"Failed to watch" err="context deadline exceeded"')
_NODE_PORT = re.compile(r"\b3[0-2]\d{3}\b")
_FIELD = re.compile(r"^ +\S+\t<[^>]+>|^ *enum: |^(GROUP|KIND|VERSION|FIELD|FIELDS|RESOURCE)\b")


def lines_of(said: Iterable[Said], folder: Path) -> list[str]:
    """The whole transcript, masked, as lines."""
    masks = Masks()
    found: list[str] = []
    for one in said:
        found.append(f"$ {one.typed}")
        out = [_masked(line, masks, folder) for line in without_prose(one.typed, one.out.splitlines())]
        found += sorted(out) if one.unordered else out
        found += [
            f"! {_masked(line, masks, folder)}".rstrip() for line in one.err.splitlines() if not _NOISE.search(line)
        ]
        if one.code:
            found.append(f"= {one.code}")
    return found


def without_prose(typed: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines without the descriptions of built-in types."""
    words = typed.split()
    prose = words[1:2] == ["explain"] and not words[2].startswith(("widget", "gizmo", "gz", "gear"))
    return (line for line in lines if not prose or _FIELD.match(line))


def _masked(line: str, masks: Masks, folder: Path) -> str:
    text = masks.text(line.replace(str(folder), "FOLDER").rstrip())
    for pattern, word in _RULES:
        text = pattern.sub(word, text)
    return _NODE_PORT.sub(lambda found: found.group() if found.group() in CHOSEN_PORTS else "a node port", text)


def keep(topic: str, lines: Sequence[str]) -> None:
    """Write what the real server made kubectl say."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{topic}.txt").write_text("\n".join(lines) + "\n")


def differences(topic: str, lines: Sequence[str]) -> list[str]:
    """Where a transcript differs from the recording, as the lines of a diff; none: they are the same."""
    path = FOLDER / f"{topic}.txt"
    if not path.exists():
        return [f"there is no recording {path.name}: python -m e2e.conformance --record makes it"]
    diff = list(unified_diff(path.read_text().splitlines(), lines, "the real server", "this one", n=1, lineterm=""))
    return diff[:_DIFFERENCES_SHOWN]
