"""`clara login` as a person types it, against a real provider and a real service that checks its tokens."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import Installation, installation
from tests.support.oidc_server import OidcServer, browse, require_programs, running_oidc


@dataclass(frozen=True)
class Desk:
    """A person at a terminal."""

    it: Installation
    oidc: OidcServer
    config: Path

    @property
    def environment(self) -> Mapping[str, str]:
        return {**self.it.environment, "XDG_CONFIG_HOME": str(self.config), "APPDATA": str(self.config)}

    def clara(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "frontend.cli", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def log_in(self, *options: str) -> list[dict[str, Any]]:
        """Log in and do in the browser what the first line asks for; returns both lines."""
        command = [sys.executable, "-m", "frontend.cli", "login", "--json", "--no-browser", *options]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            page = browse(first.get("whole_url") or first["url"])
            assert page.is_success, page.text
            rest = [json.loads(line) for line in process.stdout]
            assert process.wait() == 0
        return [first, *rest]

    @property
    def file(self) -> Path:
        return self.config / "clara" / "logins.json"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("login")
    with (
        running_oidc(require_programs()) as oidc,
        installation(
            folder / "home", services=("datasets",), CLARA_SECURITY_MODE="development", KEYCLOAK_URL=oidc.url
        ) as it,
    ):
        yield Desk(it, oidc, folder / "config")


def test_from_nobody_to_a_login_that_renews_itself_and_to_nobody_again(desk: Desk) -> None:
    nobody = desk.clara("documents", "list")
    assert nobody.returncode == 3
    assert "clara login" in nobody.stderr
    assert desk.clara("whoami").returncode == 3

    desk.oidc.let_in("anna", "trainer")
    # less than the time before its end at which a token is renewed: every command renews it
    desk.oidc.set_lifetime(50)
    opened, done = desk.log_in()
    assert opened["event"] == "open"
    assert (done["event"], done["email"], done["roles"]) == ("logged_in", "anna@stadt.example", ["trainer"])
    if os.name == "posix":
        assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
        assert stat.S_IMODE(desk.file.parent.stat().st_mode) == 0o700

    assert desk.clara("documents", "list", "--json").returncode == 0
    before = desk.file.read_text(encoding="utf-8")
    desk.oidc.let_in("anna", "analyst")
    who = json.loads(desk.clara("whoami", "--json").stdout)
    # in silence, with the roles of now
    assert who["roles"] == ["analyst"]
    after = desk.file.read_text(encoding="utf-8")
    assert before != after
    spoken = desk.clara("whoami", "--verbose")
    assert "analyst" in spoken.stdout
    for secret in _secrets(before) + _secrets(after):
        assert secret not in spoken.stdout + spoken.stderr

    logged_out = json.loads(desk.clara("logout", "--json").stdout)
    assert logged_out == {"logged_out": True, "ended_at_provider": True}
    assert desk.clara("documents", "list").returncode == 3
    assert json.loads(desk.clara("logout", "--json").stdout)["logged_out"] is False


def test_a_machine_without_a_browser_shows_a_code(desk: Desk) -> None:
    desk.oidc.let_in("bert", "admin")
    desk.oidc.set_lifetime(300)
    opened, done = desk.log_in("--device")
    assert opened["user_code"]
    assert (done["subject"], done["roles"]) == ("bert", ["admin"])
    assert desk.clara("documents", "list", "--json").returncode == 0


def _secrets(content: str) -> list[str]:
    return [value for login in json.loads(content).values() for name, value in login.items() if name in _TOKENS]


_TOKENS = ("access", "refresh")
