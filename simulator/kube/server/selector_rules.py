"""Label selectors inside of objects: which labels they match, how they are written in one line, and what the server says."""

from typing import Any

from simulator.kube.server.selection import selector_matches

Json = dict[str, Any]


def is_empty(selector: Json) -> bool:
    """Whether it selects everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def matches(selector: Json, labels: Json) -> bool:
    """Whether an object with these labels is selected; an empty selector matches all."""
    return selector_matches(selector, labels)


def as_text(selector: Json) -> str:
    """As a client would send it: ``app=a,!x,y in (1,2)``."""
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, values = expression["key"], ",".join(sorted(expression.get("values") or ()))
        word = expression["operator"]
        text = {"Exists": key, "DoesNotExist": f"!{key}"}.get(word)
        if text is None:
            text = f"{key} {'in' if word == 'In' else 'notin'} ({values})"
        terms.append((key, text))
    return ",".join(text for _, text in sorted(terms))
