"""Who we are to the API server, also after a token was rotated."""

from pathlib import Path

import pytest

from spiderpool.kube.auth import FixedCredential, NotConfigured, TokenFile, read_kubeconfig, token_file_of

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: there, context: {cluster: b, user: other}}
- {name: here, context: {cluster: a, user: agent}}
clusters:
- {name: a, cluster: {server: "https://127.0.0.1:6443"}}
users:
- {name: other, user: {tokenFile: other.token}}
- {name: agent, user: {tokenFile: agent.token}}
"""


def rotate(path: Path, token: str) -> None:
    """As the kubelet does: a new file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(token)
    new.replace(path)


def test_a_token_file_is_a_bearer_token_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n")
    assert TokenFile(path).header() == "Bearer abc"


def test_a_rotated_token_is_used_from_the_next_request_on(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc")
    credential = TokenFile(path)
    rotate(path, "def")
    assert credential.header() == "Bearer def"


@pytest.mark.parametrize("accident", ["gone", "empty"])
def test_the_last_good_token_is_kept_while_the_file_is_unusable(tmp_path: Path, accident: str) -> None:
    path = tmp_path / "token"
    path.write_text("abc")
    credential = TokenFile(path)
    if accident == "gone":
        path.unlink()
    else:
        rotate(path, "\n")
    assert credential.header() == "Bearer abc"
    rotate(path, "def")
    assert credential.header() == "Bearer def"


def test_a_token_file_that_cannot_be_read_at_the_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match=r"no-such-file cannot be read: No such file"):
        TokenFile(tmp_path / "no-such-file")


def test_a_token_file_that_is_empty_at_the_start_is_named(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch()
    with pytest.raises(NotConfigured, match="token is empty"):
        TokenFile(path)


def test_a_fixed_credential_stays_as_it_is() -> None:
    assert FixedCredential("Basic xyz").header() == "Basic xyz"


def test_the_token_file_of_the_current_user_is_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    assert token_file_of(read_kubeconfig(path), tmp_path) == tmp_path / "agent.token"


@pytest.mark.parametrize(
    "changed",
    [
        KUBECONFIG.replace("tokenFile: agent.token", "token: abc"),
        KUBECONFIG.replace("user: agent}", "user: nobody}"),
        KUBECONFIG.replace("current-context: here", "current-context: nowhere"),
    ],
)
def test_a_user_without_a_token_file_has_none(tmp_path: Path, changed: str) -> None:
    path = tmp_path / "config"
    path.write_text(changed)
    assert token_file_of(read_kubeconfig(path), tmp_path) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"{", "cannot be read"), (b"\xff", "cannot be read"), (b"[]", "not a YAML mapping"), (b"", "not a YAML mapping")],
)
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(NotConfigured, match=f"config.*{why}"):
        read_kubeconfig(path)
