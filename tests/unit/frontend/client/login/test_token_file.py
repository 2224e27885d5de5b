"""Where logins lie: for their owner alone, whole, and one command at a time."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from frontend.client.login.token_file import TokenFile, TokenFileUnusable, user_config_folder
from frontend.client.login.tokens import Tokens

ISSUER, CLIENT = "https://login.example/realms/vcc", "clara-cli"
TOKENS = Tokens(ISSUER, "a.b.c", 2000.0, "refresh", 3000.0)

posix = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")


def test_a_login_is_found_again_under_its_issuer_and_client_only(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "clara")
    assert file.get(ISSUER, CLIENT) is None
    with file.locked():
        file.put(ISSUER, CLIENT, TOKENS)
        file.put(ISSUER, "other", Tokens(ISSUER, "x", 1.0))
    assert TokenFile(tmp_path / "clara").get(ISSUER, CLIENT) == TOKENS
    assert file.get("https://other.example", CLIENT) is None
    with file.locked():
        file.put(ISSUER, CLIENT, None)
    assert file.get(ISSUER, CLIENT) is None
    assert file.get(ISSUER, "other") is not None


@posix
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "clara")
    with file.locked():
        file.put(ISSUER, CLIENT, TOKENS)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    file.path.chmod(0o640)
    with pytest.raises(TokenFileUnusable, match="chmod 600"):
        file.get(ISSUER, CLIENT)


@pytest.mark.parametrize("content", ["{", "[1]", json.dumps({f"{ISSUER} {CLIENT}": {"access": 1}})])
def test_a_damaged_file_is_named_or_holds_nothing(tmp_path: Path, content: str) -> None:
    file = TokenFile(tmp_path)
    file.path.touch(mode=0o600)
    file.path.write_text(content)
    if content == "[1]":
        assert file.get(ISSUER, CLIENT) is None
    else:
        with pytest.raises(TokenFileUnusable, match=r"logins\.json"):
            file.get(ISSUER, CLIENT)


def test_two_commands_take_turns(tmp_path: Path) -> None:
    order: list[str] = []

    def hold() -> None:
        with TokenFile(tmp_path).locked():
            order.append("first")
            time.sleep(0.2)
            order.append("first done")

    holder = threading.Thread(target=hold)
    holder.start()
    while not order:
        time.sleep(0.005)
    with TokenFile(tmp_path).locked():
        order.append("second")
    holder.join()
    assert order == ["first", "first done", "second"]


def test_a_folder_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TokenFileUnusable, match="file"), TokenFile(tmp_path / "file").locked():
        pass


def test_the_folder_is_the_one_of_the_system() -> None:
    if sys.platform == "win32":
        assert user_config_folder({"APPDATA": "C:\\x"}) == Path("C:\\x") / "clara"
    else:
        assert user_config_folder({"XDG_CONFIG_HOME": "/x"}) == Path("/x/clara")
        assert user_config_folder({}) == Path.home() / ".config" / "clara"
