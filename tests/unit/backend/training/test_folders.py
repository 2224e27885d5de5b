"""From names in a request to paths: only what lies in the allowed folders, by whatever name."""

from pathlib import Path

import pytest

from backend.training.folders import MissingFile, TrainingFolders, WrongModelFolder
from shared.errors import InvalidInput
from shared.storage import PathNotAllowed


@pytest.fixture
def folders(tmp_path: Path) -> TrainingFolders:
    for name in ("data", "models", "configs", "logs", "elsewhere"):
        (tmp_path / name).mkdir()
    return TrainingFolders(
        data=tmp_path / "data",
        models=tmp_path / "models",
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(tmp_path / "models", tmp_path / "elsewhere"),
    )


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").touch()
    (folder / "model.safetensors").touch()
    return folder


def test_a_model_is_found_in_any_root_by_name_or_absolute_path(folders: TrainingFolders, tmp_path: Path) -> None:
    here, there = make_model(tmp_path / "models" / "a"), make_model(tmp_path / "elsewhere" / "b")
    assert folders.base_model("a", is_offline=True) == str(here)
    assert folders.base_model("b", is_offline=True) == str(there)
    assert folders.base_model(str(there), is_offline=True) == str(there)


def test_a_hub_name_passes_only_where_hubs_may_be_asked(folders: TrainingFolders) -> None:
    assert folders.base_model("org/name", is_offline=False) == "org/name"
    with pytest.raises(WrongModelFolder, match="create-starter") as caught:
        folders.base_model("org/name", is_offline=True)
    assert "CLARA_HUB_OFFLINE" in caught.value.message


@pytest.mark.parametrize("asked", ["/etc", "../secret", "a/../../b", "..", "/", "\\\\host\\share"])
def test_a_model_outside_its_roots_is_refused_even_online(folders: TrainingFolders, asked: str) -> None:
    with pytest.raises(PathNotAllowed):
        folders.base_model(asked, is_offline=False)


def test_a_folder_without_weights_is_named_as_such(folders: TrainingFolders, tmp_path: Path) -> None:
    (tmp_path / "models" / "half").mkdir()
    (tmp_path / "models" / "half" / "config.json").touch()
    with pytest.raises(WrongModelFolder, match=r"\*\.safetensors is missing"):
        folders.base_model("half", is_offline=False)


@pytest.mark.parametrize("asked", ["../x.jsonl", "/etc/passwd", "a\0b.jsonl"])
def test_a_train_file_outside_the_data_folder_is_refused(folders: TrainingFolders, asked: str) -> None:
    with pytest.raises(PathNotAllowed):
        folders.train_file(asked)


def test_a_link_that_leaves_the_folder_is_refused(folders: TrainingFolders, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").touch()
    (tmp_path / "data" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(PathNotAllowed):
        folders.train_file("link.jsonl")


def test_a_missing_file_and_an_unknown_suffix_are_told_apart(folders: TrainingFolders, tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        folders.train_file("none.jsonl")
    (tmp_path / "data" / "x.pickle").touch()
    with pytest.raises(InvalidInput, match="must end in"):
        folders.train_file("x.pickle")


@pytest.mark.parametrize("name", ["..", "../x", "", "."])
def test_an_output_folder_stays_among_the_adapters(folders: TrainingFolders, name: str) -> None:
    with pytest.raises(PathNotAllowed):
        folders.adapters(name)
