"""The command line: its texts, forms and exit codes."""

import json
from pathlib import Path

import yaml
from click.testing import CliRunner

from spiderpool import __version__
from spiderpool.cli.main import main
from spiderpool.cli.output import formatted
from spiderpool.cli.rows import CLAIM_COLUMNS, POOL_COLUMNS, ClaimRow, PoolRow

POD = "a-namespace/a-pod-with-a-name-that-is-as-long-as-names-of-pods-become-when-nobody-stops-them-0"
ROW = ClaimRow(address="10.0.0.7/24", state="Cooling", pod="", interface="", node="", pool="v4", identity="")
LONG = ClaimRow(address="fd00::7/64", state="Claimed", pod=POD, interface="eth0", node="n1", pool="v6", identity="[x]")


def test_a_table_has_one_line_for_each_row_and_cuts_nothing_in_a_pipe() -> None:
    header, first, second = formatted([ROW, LONG], CLAIM_COLUMNS, "table").splitlines()
    assert header.split() == ["ADDRESS", "STATE", "POD", "INTERFACE", "NODE", "POOL", "IDENTITY"]
    assert first.split() == ["10.0.0.7/24", "Cooling", "-", "-", "-", "v4", "-"]
    assert second.split() == ["fd00::7/64", "Claimed", POD, "eth0", "n1", "v6", "[x]"]
    assert first.index("Cooling") == second.index("Claimed") == header.index("STATE")


def test_numbers_and_switches_of_a_pool_are_shown() -> None:
    row = PoolRow(
        name="v4", subnet="10.0.0.0/24", total=0, allocated=None, settled="True", default=True, disabled=False
    )
    _, line = formatted([row], POOL_COLUMNS, "table").splitlines()
    assert line.split() == ["v4", "10.0.0.0/24", "0", "-", "True", "true", "false"]


def test_programs_get_the_same_rows_as_json_and_yaml() -> None:
    rows = [ROW, LONG]
    from_json = json.loads(formatted(rows, CLAIM_COLUMNS, "json"))
    assert from_json == yaml.safe_load(formatted(rows, CLAIM_COLUMNS, "yaml"))
    assert [row["pod"] for row in from_json] == ["", POD]


def test_no_rows_are_a_header_and_an_empty_list() -> None:
    assert formatted([], CLAIM_COLUMNS, "table").split()[0] == "ADDRESS"
    assert json.loads(formatted([], CLAIM_COLUMNS, "json")) == []


def test_the_version_is_printed_without_an_api_server() -> None:
    result = CliRunner().invoke(main, ["version"])
    assert (result.exit_code, result.output) == (0, f"spiderpoolctl {__version__}\n")


def test_without_a_known_api_server_the_remedy_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["pool", "list", "--kubeconfig", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "--kubeconfig" in result.output


def test_a_wrong_address_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["ip", "show", "10.0.0.300", "--kubeconfig", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "is not an IP address" in result.output


def test_an_unknown_form_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["pool", "list", "-o", "xml"])
    assert result.exit_code == 2
    assert "table" in result.output
