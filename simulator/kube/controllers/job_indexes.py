"""Jobs whose pods have numbers: each from 0 on has to succeed once.

The number stands in an annotation, a label, the host name and the environment of the pod; the status counts those that
are done as text, such as ``0-3,7``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from simulator.kube.api import Json

INDEX = "batch.kubernetes.io/job-completion-index"
_ENVIRONMENT = "JOB_COMPLETION_INDEX"
_LONGEST_BASE = 58  # of a generated name, which has five characters more


def is_indexed(job: Json) -> bool:
    """Whether its pods have numbers."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Json) -> int | None:
    """The number of a pod, if it has one."""
    text = str((pod["metadata"].get("annotations") or {}).get(INDEX, ""))
    return int(text) if text.isdigit() else None


def numbers(text: str) -> set[int]:
    """``0-2,5`` as numbers."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def text_of(done: Iterable[int]) -> str:
    """Numbers as ``0-2,5``; two in a row stand by themselves."""
    return ",".join(_runs(sorted(done)))


def _runs(ordered: Sequence[int]) -> Iterator[str]:
    begin = 0
    for place, number in enumerate(ordered):
        if place + 1 < len(ordered) and ordered[place + 1] == number + 1:
            continue
        first = ordered[begin]
        begin = place + 1
        yield str(first) if first == number else f"{first}{',' if number == first + 1 else '-'}{number}"


def pending(job: Json, taken: Collection[int], count: int) -> list[int]:
    """The first numbers that nobody has or has done."""
    free = (number for number in range(int(job["spec"]["completions"])) if number not in taken)
    return [number for number, _ in zip(free, range(count), strict=False)]


def surplus(job: Json, pods: Iterable[Json]) -> list[Json]:
    """The pods whose number is another one's, too large, or missing."""
    seen: set[int] = set()
    found = []
    for pod in pods:
        number = index_of(pod)
        if number is None or number in seen or number >= int(job["spec"]["completions"]):
            found.append(pod)
        else:
            seen.add(number)
    return found


def give(pod: Json, job: Json, number: int) -> None:
    """Write its number into a pod that is to be made."""
    meta, spec, name = pod["metadata"], pod["spec"], job["metadata"]["name"]
    meta["annotations"] = {**(meta.get("annotations") or {}), INDEX: str(number)}
    meta["labels"] = {**(meta.get("labels") or {}), INDEX: str(number)}
    tail = f"-{number}-"
    meta["generateName"] = f"{name[: _LONGEST_BASE - len(tail)]}{tail}"
    spec["hostname"] = f"{name}-{number}"
    told = {"name": _ENVIRONMENT, "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}}
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        if not any(one["name"] == _ENVIRONMENT for one in container.get("env") or ()):
            container["env"] = [*(container.get("env") or ()), told]
