"""Settings are read from one schema, and a wrong one stops the controller with a remedy."""

import pytest

from spiderpool.controller.settings import ControllerSettings
from spiderpool.ports.settings import SettingsError, from_environment


def test_without_any_variable_the_defaults_hold_and_the_unsafe_switch_is_unset() -> None:
    settings = from_environment(ControllerSettings, {"PATH": "/bin"})
    assert settings == ControllerSettings()
    assert settings.gc_stateless_terminating_pod_on_not_ready_node_enabled is None


def test_variables_are_read_in_their_types() -> None:
    settings = from_environment(
        ControllerSettings,
        {
            "SPIDERPOOL_WEBHOOK_PORT": "6000",
            "SPIDERPOOL_GC_IP_ENABLED": "false",
            "SPIDERPOOL_LEADER_DURATION": "1.5",
            "SPIDERPOOL_LOG_LEVEL": "debug",
            "SPIDERPOOL_GC_STATELESS_TERMINATING_POD_ON_NOT_READY_NODE_ENABLED": "true",
        },
    )
    assert settings.webhook_port == 6000
    assert settings.gc_ip_enabled is False
    assert settings.leader_duration == 1.5
    assert settings.log_level == "debug"
    assert settings.gc_stateless_terminating_pod_on_not_ready_node_enabled is True


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"SPIDERPOOL_WEBHOK_PORT.*nearest known one is SPIDERPOOL_WEBHOOK_PORT"):
        from_environment(ControllerSettings, {"SPIDERPOOL_WEBHOK_PORT": "1"})


def test_variables_that_kubernetes_makes_for_services_are_no_settings() -> None:
    made = {
        "SPIDERPOOL_CONTROLLER_SERVICE_HOST": "10.96.0.7",
        "SPIDERPOOL_CONTROLLER_SERVICE_PORT": "5722",
        "SPIDERPOOL_CONTROLLER_SERVICE_PORT_WEBHOOK": "5722",
        "SPIDERPOOL_CONTROLLER_PORT": "tcp://10.96.0.7:5722",
        "SPIDERPOOL_CONTROLLER_PORT_5722_TCP": "tcp://10.96.0.7:5722",
        "SPIDERPOOL_CONTROLLER_PORT_5722_TCP_ADDR": "10.96.0.7",
    }
    assert from_environment(ControllerSettings, made) == ControllerSettings()


@pytest.mark.parametrize(
    ("name", "value"), [("WEBHOOK_PORT", "many"), ("GC_IP_ENABLED", "perhaps"), ("LOG_LEVEL", "shout")]
)
def test_a_value_of_the_wrong_type_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        from_environment(ControllerSettings, {f"SPIDERPOOL_{name}": value})


def test_a_file_says_the_same_and_the_environment_wins() -> None:
    settings = from_environment(
        ControllerSettings, {"SPIDERPOOL_HEALTH_PORT": "1"}, "HEALTH_PORT: 2\nWEBHOOK_PORT: 3\n"
    )
    assert (settings.health_port, settings.webhook_port) == (1, 3)


@pytest.mark.parametrize(
    ("text", "match"),
    [("- a", "mapping"), ("a: [", "not YAML"), ("WEBHOK_PORT: 1", "nearest known one is WEBHOOK_PORT")],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        from_environment(ControllerSettings, {}, text)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LEADER_DURATION", "0", "> 0"),
        ("GC_DEFAULT_INTERVAL_DURATION", "-1", "> 0"),
        ("GC_IP_WORKER_NUM", "0", ">= 1"),
        ("METRIC_HTTP_PORT", "70000", "<= 65535"),
        ("LOG_LEVEL", "shout", "expected one of debug, info, warning, error"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_does(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(ControllerSettings, {f"SPIDERPOOL_{name}": value})
    assert [word for word in (f"setting {name} is {value!r}", words) if word not in str(caught.value)] == []
