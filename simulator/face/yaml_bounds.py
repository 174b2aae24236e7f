"""How large a YAML document really is: how deep, and how much it is once its aliases are written out.

A reader of YAML follows nesting by its own stack, and an alias costs the writer a few letters and the reader a whole
copy. So a document is walked event by event, without building anything, before it is read.
"""

import yaml

DEPTH_MAX = 1_000
SIZE_MAX = 1_000_000
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def out_of_bounds(data: bytes) -> str:
    """What is too large in a document; empty if nothing is.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    open_nodes: list[tuple[str | None, int]] = []  # anchor of each collection that is open, and the size before it
    sizes: dict[str, int] = {}
    total = 0
    for event in yaml.parse(data, Loader=_PARSER):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
            if len(open_nodes) > DEPTH_MAX:
                return f"exceeded max depth of {DEPTH_MAX}"
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.AliasEvent):
            total += sizes.get(event.anchor or "", 1)
            if total > SIZE_MAX:
                return "document contains excessive aliasing"
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
    return ""
