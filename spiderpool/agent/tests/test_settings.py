"""The agent's settings: a value that makes no sense stops it with the name, the value and what would do."""

import pytest

from spiderpool.agent.settings import AgentSettings
from spiderpool.ports.settings import SettingsError, from_environment


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REQUEST_SECONDS", "-5", "> 0"),
        ("RECONCILE_SECONDS", "0", "> 0"),
        ("RECONCILE_SECONDS", "nan", ""),
        ("RECONCILE_SECONDS", "inf", "<= "),
        ("HEALTH_PORT", "65536", "<= 65535"),
        ("HEALTH_PORT", "-1", ">= 0"),
        ("ALLOCATION_POLICY", "first", "expected one of random, lowest"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_does(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(AgentSettings, {"SPIDERPOOL_NODE_NAME": "n1", f"SPIDERPOOL_{name}": value})
    assert [word for word in (f"setting {name} is {value!r}", words) if word not in str(caught.value)] == []
