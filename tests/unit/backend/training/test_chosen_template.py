"""The chat template that a config names."""

from pathlib import Path

import pytest

from backend.training.chosen_template import chosen_template
from backend.training.folders import TrainingFolders
from backend.training.formats.chat_templates import installed_templates
from backend.training.training_config import TrainingConfig
from shared.errors import InvalidInput

OWN = "{% generation %}{{ messages }}{% endgeneration %}"


@pytest.fixture
def folders(tmp_path: Path) -> TrainingFolders:
    """With an own template below the configs folder, and files that are none."""
    configs = tmp_path / "configs"
    (configs / "chats").mkdir(parents=True)
    (configs / "chats" / "own.jinja").write_text(OWN, encoding="utf-8")
    (configs / "unmarked.jinja").write_text("{{ messages }}", encoding="utf-8")
    (configs / "latin.jinja").write_bytes(OWN.encode() + b"\xe4")
    (configs / "huge.jinja").write_text(OWN + " " * (300 << 10), encoding="utf-8")
    (tmp_path / "outside.jinja").write_text(OWN, encoding="utf-8")
    return TrainingFolders(
        data=tmp_path, models=tmp_path, configs=configs, logs=tmp_path, base_model_roots=(tmp_path / "models",)
    )


def asked(name: str | None, folders: TrainingFolders) -> str | None:
    return chosen_template(TrainingConfig.parse({"model": {"chat_template": name}}), folders)


def test_without_a_choice_the_base_model_decides(folders: TrainingFolders) -> None:
    assert asked(None, folders) is None


def test_a_template_of_clara_is_chosen_by_its_name(folders: TrainingFolders) -> None:
    assert asked("llama3", folders) == installed_templates()["llama3"]


def test_an_own_template_is_a_file_below_the_configs_folder(folders: TrainingFolders) -> None:
    assert asked("chats/own.jinja", folders) == OWN


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("chatlm", "there is no template 'chatlm'; did you mean 'chatml'? Known are chatml, gemma, hermes, llama3,"),
        ("Llama-3", "did you mean 'llama3'?"),
        ("own", "or a .jinja file below the configs folder"),
        ("none.jinja", "'none.jinja' does not exist below"),
        ("../outside.jinja", "not inside the allowed"),
        ("/etc/passwd.jinja", "not inside the allowed"),
        ("unmarked.jinja", "unmarked.jinja has no {% generation %} block"),
        ("latin.jinja", "latin.jinja is not UTF-8"),
        ("huge.jinja", "huge.jinja is larger than 256 KiB"),
    ],
)
def test_what_is_no_template_is_refused_with_the_reason(folders: TrainingFolders, name: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        asked(name, folders)
    assert reason in caught.value.message
