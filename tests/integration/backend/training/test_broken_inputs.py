"""Broken datasets and configs, each refused at submit with exactly the reason that stands beside it.

A new one is a new file in `tests/broken/` with its message in `expected.toml`.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.utils.base_model import load_tokenizer
from tests.support.refusals import refusal_of_config, refusal_of_dataset
from tests.support.tiny_model import make_tiny_model

BROKEN = Path(__file__).parents[3] / "broken"


def expected(kind: str) -> dict[str, dict[str, Any]]:
    """File name -> its message, and what else the job says."""
    return tomllib.loads((BROKEN / kind / "expected.toml").read_text(encoding="utf-8"))


DATASETS, CONFIGS = expected("datasets"), expected("configs")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """Of the base model that the jobs name."""
    return load_tokenizer(make_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.mark.parametrize(("kind", "listed"), [("datasets", DATASETS), ("configs", CONFIGS)])
def test_every_broken_file_has_its_message_and_there_are_enough(kind: str, listed: dict[str, Any]) -> None:
    assert {path.name for path in (BROKEN / kind).iterdir()} == {*listed, "expected.toml"}
    assert len(listed) >= 40
    assert len({entry["message"] for entry in listed.values()}) == len(listed)


@pytest.mark.parametrize("name", DATASETS)
def test_a_broken_dataset_is_refused_with_its_reason(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, name: str
) -> None:
    case = DATASETS[name]
    found = refusal_of_dataset(BROKEN / "datasets" / name, tmp_path, tokenizer, case.get("config"))
    assert found == case["message"]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_broken_config_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    case = CONFIGS[name]
    assert refusal_of_config(BROKEN / "configs" / name, tmp_path, case.get("trainer_type", "lora")) == case["message"]


def test_a_good_dataset_and_a_good_config_are_accepted(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    (tmp_path / "good.jsonl").write_text('{"text": "Die Behörde kann den Bescheid aufheben."}\n', encoding="utf-8")
    (tmp_path / "good.yaml").write_text("data:\n  train_file: train.jsonl\ntraining:\n  num_epochs: 1\n")
    (tmp_path / "good.json").write_text(
        '{"data": {"train_file": "train.jsonl"}, "training": {"learning_rate": "2e-4"}}'
    )
    assert refusal_of_dataset(tmp_path / "good.jsonl", tmp_path / "a", tokenizer) == ""
    assert refusal_of_config(tmp_path / "good.yaml", tmp_path / "b") == ""
    assert refusal_of_config(tmp_path / "good.json", tmp_path / "c") == ""
