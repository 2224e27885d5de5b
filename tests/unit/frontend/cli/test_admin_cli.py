"""`clara serve`, `clara config` and `clara model` where no real service is needed."""

import socket
from pathlib import Path

import pytest

from config import get_config
from tests.support.cli import Clara

NOWHERE = Clara("http://127.0.0.1:1")


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_HOME", str(tmp_path))
    get_config.cache_clear()


def test_the_settings_are_told_with_their_origin(tmp_path: Path) -> None:
    shown = NOWHERE.json("config", "show")
    assert shown["home"]["value"] == str(tmp_path)
    assert shown["home"]["origin"] == "CLARA_HOME"
    assert "CLARA_HOME" in NOWHERE("config", "show").stdout


def test_a_wrong_setting_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_TRAINING_PORT", "many")
    result = NOWHERE("config", "show")
    assert result.exit_code == 2
    assert "integer" in result.stderr


def test_a_port_in_use_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("CLARA_TRAINING_PORT", str(other.getsockname()[1]))
        result = NOWHERE("serve", "training")
    assert result.exit_code == 2
    assert "CLARA_TRAINING_PORT" in result.stderr


def test_a_model_cannot_be_made_outside_the_models_folder() -> None:
    result = NOWHERE("model", "create-starter", "--name", "../elsewhere")
    assert result.exit_code == 2
    assert "elsewhere" in result.stderr
