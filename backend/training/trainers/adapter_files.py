"""What lies in an adapter folder beside the weights, so that it can be used, checked and understood years later.

adapter_model.safetensors  adapter_config.json       for `PeftModel.from_pretrained`
tokenizer.json  tokenizer_config.json  chat_template.jinja
training_config.json       config, resolved values, base model and data with their hashes, figures, versions
training_log.jsonl         figures of every logged step
"""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.trainers.base import TrainingContext
from backend.training.trainers.training_loop import LoopResult
from backend.training.trainers.training_records import TrainingRecords
from backend.training.utils.checkpoint import LOG_NAME, write_log
from backend.training.utils.metrics import json_safe
from backend.training.utils.tensor_files import write_tensors
from shared.storage import disk_errors, write_json

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

_LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "safetensors")


def save_adapter(
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerBase",
    context: TrainingContext,
    records: TrainingRecords,
    result: LoopResult,
    *,
    base_folder: Path,
    base_digest: str,
) -> None:
    """Fill `context.adapter_dir`.

    Raises:
        DiskFull: If there is no space.
        NotWritable: If the folder cannot be written.
    """
    folder = context.adapter_dir
    with disk_errors(folder):
        _save_weights(model, folder, base_folder)
        tokenizer.save_pretrained(folder)
        write_log(folder / LOG_NAME, result.log)
        description = describe_run(
            context, records, result, base_folder=base_folder, base_digest=base_digest, tokenizer=tokenizer
        )
        write_json(folder / "training_config.json", description)


def describe_run(
    context: TrainingContext,
    records: TrainingRecords,
    result: LoopResult,
    *,
    base_folder: Path,
    base_digest: str,
    tokenizer: "PreTrainedTokenizerBase",
) -> dict[str, Any]:
    """All that is known about the run, as JSON."""
    template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
    return {
        "job_id": context.job_id,
        "job_name": context.job_name,
        "config": context.config.model_dump(mode="json"),
        "resolved": {"max_length": records.max_length, "total_steps": result.total_steps},
        "base_model": {"reference": context.base_model, "folder": str(base_folder), "digest": base_digest},
        "chat_template_sha256": hashlib.sha256(template.encode()).hexdigest() if template else None,
        "data": {
            "dataset_id": context.data.dataset_id,
            "sha256": context.data.content_sha256,
            **records.facts,
        },
        "metrics": json_safe(result.metrics()),
        "versions": {name: version(name) for name in _LIBRARIES},
    }


def _save_weights(model: "PeftModel", folder: Path, base_folder: Path) -> None:
    """Weights and config, the same bytes for the same weights."""
    from peft import get_peft_model_state_dict

    write_tensors(folder / "adapter_model.safetensors", get_peft_model_state_dict(model, save_embedding_layers=False))
    config = model.peft_config["default"].to_dict()
    config |= {"base_model_name_or_path": str(base_folder), "inference_mode": True}
    write_json(folder / "adapter_config.json", {name: _plain(value) for name, value in config.items()})


def _plain(value: Any) -> Any:
    """Sets as sorted lists (their order changes from process to process), enums as their values."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return getattr(value, "value", value)
