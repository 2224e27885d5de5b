"""What lies in an adapter folder beside the weights, so that it can be used, checked and understood years later.

adapter_model.safetensors  adapter_config.json       for `PeftModel.from_pretrained`
tokenizer.json  tokenizer_config.json  chat_template.jinja  golden_chats.json
training_config.json       config, resolved values, base model and data with their hashes, figures, versions
training_log.jsonl         figures of every logged step
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.formats.chat_templates import template_sha256
from backend.training.formats.golden_chats import write_golden_chats
from backend.training.trainers.base import TrainingContext
from backend.training.trainers.run.pissa import as_difference, config_of_difference
from backend.training.trainers.run.records import TrainingRecords
from backend.training.trainers.run.training_loop import LoopResult
from backend.training.utils.checkpoint import LOG_NAME, write_log
from backend.training.utils.metrics import json_safe
from backend.training.utils.tensor_files import write_tensors
from shared.storage import disk_errors, write_json

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

    from backend.training.utils.quantization import Quantization
    from backend.training.utils.tensor_files import Tensors

_LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "safetensors")


@dataclass(frozen=True, slots=True)
class AdaptedBase:
    """The base model that an adapter was trained on.

    Args:
        folder: Where it lies.
        digest: Of its files.
        quantization: How its weights were kept; None: unquantised.
    """

    folder: Path
    digest: str
    quantization: "Quantization | None" = None


def save_adapter(
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerBase",
    context: TrainingContext,
    records: TrainingRecords,
    result: LoopResult,
    *,
    base: AdaptedBase,
    choices: Mapping[str, str | int],
    start: "Mapping[str, torch.Tensor] | None" = None,
) -> None:
    """Fill `context.adapter_dir` with the adapter of a language model.

    Args:
        model: Trained.
        tokenizer: Of the base model.
        context: Of the attempt.
        records: What it was trained on.
        result: Of the loop.
        base: What it was trained on top of.
        choices: What was made of settings that say `auto`.
        start: Weights before the first step, if they are to be subtracted (PiSSA).

    Raises:
        DiskFull: If there is no space.
        NotWritable: If the folder cannot be written.
    """
    from peft import get_peft_model_state_dict

    folder = context.adapter_dir
    with disk_errors(folder):
        tokenizer.save_pretrained(folder)
        write_golden_chats(tokenizer, folder)
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    config = model.peft_config["default"].to_dict()
    if start is not None:
        weights, config = as_difference(weights, start), config_of_difference(config)
    write_adapter(
        folder,
        weights=weights,
        config=config | {"base_model_name_or_path": str(base.folder), "inference_mode": True},
        log=result.log,
        description=describe_run(
            context,
            resolved={
                "max_length": records.max_length,
                "total_steps": result.total_steps,
                **choices,
                "learning_rate": result.peak_rate,
                "quantization": base.quantization.as_json() if base.quantization else None,
            },
            base_model={"reference": context.base_model, "folder": str(base.folder), "digest": base.digest},
            chat_template_sha256=template_sha256(tokenizer.chat_template),
            facts=records.facts,
            metrics=result.metrics(),
            libraries=_LIBRARIES,
        ),
    )


def write_adapter(
    folder: Path,
    *,
    weights: "Tensors",
    config: Mapping[str, Any],
    log: Iterable[Mapping[str, Any]],
    description: Mapping[str, Any],
) -> None:
    """Write what every adapter folder has, the same bytes for the same weights.

    Raises:
        DiskFull: If there is no space.
        NotWritable: If the folder cannot be written.
    """
    with disk_errors(folder):
        write_tensors(folder / "adapter_model.safetensors", weights)
        write_json(folder / "adapter_config.json", {name: _plain(value) for name, value in config.items()})
        write_log(folder / LOG_NAME, log)
        write_json(folder / "training_config.json", description)


def describe_run(
    context: TrainingContext,
    *,
    resolved: Mapping[str, Any],
    base_model: Mapping[str, str],
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    libraries: Iterable[str],
    chat_template_sha256: str | None = None,
) -> dict[str, Any]:
    """All that is known about a run, as JSON.

    Args:
        context: Of the attempt.
        resolved: Values that the config left open.
        base_model: Its `reference`, `folder` and `digest`.
        facts: Counts of the records.
        metrics: Final figures.
        libraries: Packages whose versions decided the bytes.
        chat_template_sha256: Of the tokenizer's template, if it has one.
    """
    return {
        "job_id": context.job_id,
        "job_name": context.job_name,
        "config": context.config.model_dump(mode="json"),
        "resolved": dict(resolved),
        "base_model": dict(base_model),
        "chat_template_sha256": chat_template_sha256,
        "data": {"dataset_id": context.data.dataset_id, "sha256": context.data.content_sha256, **facts},
        "metrics": json_safe(metrics),
        "versions": {name: version(name) for name in libraries},
    }


def _plain(value: Any) -> Any:
    """Sets as sorted lists (their order changes from process to process), enums as their values."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return getattr(value, "value", value)
