"""What a person is told who submits a job with this dataset or this config: the one seam of the broken inputs.

A dataset that a submit accepts is checked further as the trainer does; once submitting reads the records itself, it is
the submit that refuses here.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.formats.tokenizing import fitting_length, tokenize_file, truncate_file
from backend.training.formats.validation import check_file
from backend.training.training_config import TrainingConfig
from shared.errors import ClaraError
from tests.support.training_desk import Desk

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MODEL_LIMIT = 128


def refusal_of_dataset(
    path: Path, root: Path, tokenizer: "PreTrainedTokenizerBase", config: Mapping[str, Any] | None = None
) -> str:
    """The message for a job that is to train on the file; empty if it is accepted.

    Args:
        path: A data file.
        root: Empty folder for the desk.
        tokenizer: Of the base model.
        config: Of the job.
    """
    desk = Desk(root)
    shutil.copy(path, desk.folders.data / path.name)
    try:
        desk.submit(config=dict(config or {}), dataset_path=path.name)
        check_file(desk.folders.train_file(path.name))
        _tokenized(desk.folders.train_file(path.name), root, tokenizer, config or {})
    except ClaraError as error:
        return error.message.replace(str(root), "ROOT")
    return ""


def refusal_of_config(path: Path, root: Path, trainer_type: str = "lora") -> str:
    """The message for a job with this config, a YAML file by its path, a JSON file as the body; empty if accepted."""
    desk = Desk(root)
    desk.folders.configs.mkdir()
    shutil.copy(path, desk.folders.configs / path.name)
    how: dict[str, Any] = {"config": None, "config_path": path.name}
    if path.suffix == ".json":
        how = {"config": json.loads(path.read_text(encoding="utf-8"))}
    try:
        desk.submit(trainer_type=trainer_type, dataset_path=None, **how)
    except ClaraError as error:
        return error.message.replace(str(root), "ROOT")
    return ""


def _tokenized(path: Path, root: Path, tokenizer: "PreTrainedTokenizerBase", config: Mapping[str, Any]) -> None:
    asked = TrainingConfig.parse(config).data.max_length
    file = tokenize_file(path, tokenizer, root, "broken")
    truncate_file(file, fitting_length(file.records, asked=asked, model_limit=_MODEL_LIMIT))
