"""Where each setting got its value."""

from pathlib import Path

import pytest

from config import BaseConfig
from config.factory import load_config
from frontend.cli.settings_origin import SettingOrigin, setting_origins


@pytest.fixture
def origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, SettingOrigin]:
    (tmp_path / ".env.testing").write_text("CLARA_LOG_LEVEL=DEBUG\nCLARA_API_HOST=127.0.0.2\nNEO4J_PASSWORD=secret2\n")
    monkeypatch.setenv("CLARA_ENVIRONMENT", "testing")
    monkeypatch.setenv("CLARA_API_HOST", "127.0.0.9")
    monkeypatch.setenv("POSTGRES_PASSWORD", "hunter2")
    monkeypatch.setenv("COUCH_URL", "https://kim:hunter2@couch.example")
    settings = load_config(tmp_path)
    return {origin.name: origin for origin in setting_origins(settings, folder=tmp_path)}


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [
        ("api_host", "127.0.0.9", "CLARA_API_HOST"),
        ("log_level", "DEBUG", ".env.testing (CLARA_LOG_LEVEL)"),
        ("training_port", "45690", "testing defaults"),
        ("chroma_port", "8000", "default"),
        ("postgres_password", "********", "POSTGRES_PASSWORD"),
        ("neo4j_password", "********", ".env.testing (NEO4J_PASSWORD)"),
        ("couch_password", "", "default"),
        ("couch_url", "********", "COUCH_URL"),
        ("debug_user_email", "debug@clara.local", "default"),
    ],
)
def test_every_kind_of_origin_is_named(origins: dict[str, SettingOrigin], name: str, value: str, origin: str) -> None:
    assert (origins[name].value, origins[name].origin) == (value, origin)


def test_every_setting_is_there_and_no_secret_is(origins: dict[str, SettingOrigin]) -> None:
    assert set(origins) == set(BaseConfig.model_fields)
    told = [origin.value for origin in origins.values()]
    assert not [value for value in told if any(secret in value for secret in ("hunter2", "secret2", "kim"))]
