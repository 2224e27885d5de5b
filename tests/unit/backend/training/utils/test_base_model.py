"""Base model folders: what is loaded, what is refused and with which words."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.training.utils.base_model import (
    BaseModelMissing,
    InvalidBaseModel,
    base_model_digest,
    load_model,
    load_tokenizer,
    locate_base_model,
    resolve_dtype,
)
from shared.storage import CorruptArtefact
from tests.support.installation import ROOT


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_whole_folder_is_loaded(folder: Path) -> None:
    assert locate_base_model(str(folder), is_offline=True) == folder.resolve()
    model = load_model(folder, dtype="auto")
    assert not model.training
    assert next(model.parameters()).dtype == resolve_dtype("auto")
    assert load_tokenizer(folder).decode(load_tokenizer(folder)("Die Frist")["input_ids"]) == "Die Frist"


def test_offline_and_missing_says_both_ways_out() -> None:
    with pytest.raises(BaseModelMissing) as caught:
        locate_base_model("somebody/some-model", is_offline=True)
    assert "CLARA_MODELS_DIR" in caught.value.message
    assert "clara model create-starter" in caught.value.message
    assert "CLARA_HUB_OFFLINE" in caught.value.message


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda f: (f / "config.json").unlink(), "has no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json is not JSON"),
        (lambda f: (f / "config.json").write_text("{}"), "names no model_type"),
        (lambda f: (f / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda f: (f / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "pickled"),
        (lambda f: edit(f / "config.json", auto_map={"AutoModel": "x.Y"}), "config.json has an auto_map"),
        (lambda f: edit(f / "tokenizer_config.json", auto_map={}), "tokenizer_config.json has an auto_map"),
        (
            lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}'),
            "model-1.safetensors",
        ),
    ],
)
def test_an_incomplete_or_unsafe_folder_is_refused_by_name(
    folder: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(folder)
    with pytest.raises(InvalidBaseModel) as caught:
        locate_base_model(str(folder), is_offline=True)
    assert reason in caught.value.message


def test_a_damaged_weight_file_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(InvalidBaseModel):
        load_model(folder, dtype="auto")


def test_missing_weights_are_not_replaced_by_random_ones(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InvalidBaseModel, match=r"lack model.norm.weight"):
        load_model(folder, dtype="auto")


def test_an_unknown_architecture_is_refused(folder: Path) -> None:
    edit(folder / "config.json", model_type="never-heard-of")
    with pytest.raises(InvalidBaseModel, match="never-heard-of"):
        load_model(folder, dtype="auto")


def test_a_folder_that_carries_our_manifest_is_verified(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps({"files": {}, "properties": {}}))
    with pytest.raises(CorruptArtefact):
        locate_base_model(str(folder), is_offline=True)


def test_the_digest_changes_with_weights_and_tokenizer_only(folder: Path) -> None:
    before = base_model_digest(folder)
    (folder / "README.md").write_text("x")
    assert base_model_digest(folder) == before
    (folder / "chat_template.jinja").write_text("x")
    with_template = base_model_digest(folder)
    assert with_template != before
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert base_model_digest(folder) != with_template


def test_dtype_names_mean_what_they_say() -> None:
    assert resolve_dtype("float32") == torch.float32
    assert resolve_dtype("bfloat16") == torch.bfloat16


_HUB_ELSEWHERE = """
from backend.training.utils.base_model import HubUnavailable, locate_base_model
from tests.support.installation import ROOT
from tests.support.connection_counter import watching
from tests.support.hostile_urls import resolving
with resolving(), watching() as connects:
    try:
        locate_base_model("org/model", is_offline=False)
    except HubUnavailable as error:
        print(error.code, connects.tried)
"""


def test_a_hub_at_an_address_that_nobody_may_connect_to_is_not_asked(tmp_path: Path) -> None:
    # in a process of its own, as a trainer is: its guard stays for good
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "HF_HOME": str(tmp_path),
        "HF_ENDPOINT": "http://metadata.test",
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }

    done = subprocess.run(
        [sys.executable, "-c", _HUB_ELSEWHERE], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "hub_unavailable []"
