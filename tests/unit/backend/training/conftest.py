"""A tiny base model, made once for all tests of training."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backend.training.utils.base_model import load_tokenizer
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import write_jsonl

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model folder; tests never write into it."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def shared_tokenizer(tiny_model: Path) -> "PreTrainedTokenizerBase":
    """Its tokenizer; tests never change it."""
    return load_tokenizer(tiny_model)


@pytest.fixture
def train_file(tmp_path: Path) -> Path:
    """Forty text records."""
    return write_jsonl(tmp_path / "train.jsonl", [{"text": text} for text in sentences(40)])


@pytest.fixture
def validation_file(tmp_path: Path) -> Path:
    """Six other text records."""
    return write_jsonl(tmp_path / "validation.jsonl", [{"text": text} for text in sentences(6, seed=99)])
