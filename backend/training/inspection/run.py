"""A whole run looked at beforehand: its records, its plan, what it will take, and whether it can be trained at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.training.formats.template_check import check_template
from backend.training.formats.token_cache import TokenCache
from backend.training.formats.tokenizing import TokenizedFile
from backend.training.formats.validation import Problems
from backend.training.inspection.estimate import Workload, measured_speed, memory_mb, seconds
from backend.training.inspection.model_size import ModelSize, model_size
from backend.training.inspection.records import InspectedFile, describe_tokens, inspect_file
from backend.training.trainers.registry import trainer_for
from backend.training.trainers.run.objectives.choice import resolve_objective
from backend.training.trainers.run.optimizer import peak_rate
from backend.training.trainers.run.plan import evaluation_distance, step_counts
from backend.training.trainers.run.records import split_by_group
from backend.training.training_config import TrainingConfig
from backend.training.utils import base_model

_SHOWN = 100
_GPU = Path("/dev/nvidiactl")


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What is looked at, as absolute paths.

    Args:
        base_model: Folder or hub name.
        chat_template: Text of the template to write chats with; None: that of the base model.
        train: Data file.
        validation: Data file of its own, if there is one.
        scratch: Private folder.
    """

    trainer_type: str
    config: TrainingConfig
    base_model: str
    chat_template: str | None
    is_offline: bool
    train: Path
    validation: Path | None
    scratch: Path
    token_cache: TokenCache | None
    cpu_threads: int


@dataclass(slots=True)
class _Found:
    """Bad rows of all files."""

    count: int = 0
    untrained: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, file_name: str, problems: Problems) -> None:
        """Add those of one file."""
        self.count += problems.count
        self.untrained += problems.untrained
        self.rows += [{"file": file_name, **row} for row in problems.rows()][: _SHOWN - len(self.rows)]


def inspect_run(inputs: RunInputs, *, on_progress: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """The report of a run, as JSON; `is_accepted` says whether it can be trained.

    Raises:
        ClaraError: What makes looking at the records pointless: no base model, no record, a template that cannot mark.
    """
    folder = base_model.locate_base_model(inputs.base_model, is_offline=inputs.is_offline)
    tokenizer = base_model.load_tokenizer(folder)
    if inputs.chat_template is not None:
        tokenizer.chat_template = inputs.chat_template
        check_template(tokenizer)
    limit = base_model.model_limit(base_model.load_config(folder))

    def looked_at(path: Path) -> InspectedFile:
        return inspect_file(
            path,
            tokenizer,
            inputs.scratch,
            cache=inputs.token_cache,
            seed=inputs.config.training.seed,
            on_progress=on_progress,
        )

    found = _Found()
    train = looked_at(inputs.train)
    found.add(inputs.train.name, train.problems)
    held_out = looked_at(inputs.validation) if inputs.validation is not None else None
    if held_out is not None and inputs.validation is not None:
        found.add(inputs.validation.name, held_out.problems)
    report: dict[str, Any] = {}
    if train.file is not None:
        described, lost = describe_tokens(train.file, tokenizer, asked=inputs.config.data.max_length, model_limit=limit)
        found.add(inputs.train.name, lost)
        size = model_size(folder, context_length=limit)
        report = {**described, **_outlook(inputs, train.file, held_out, size, described["max_length"])}
    rows = train.file.lines.size if train.file is not None else 0
    return {
        "is_accepted": found.count == 0,
        "problems": {"count": found.count, "rows": found.rows},
        "untrained": {"records": found.untrained, "share": round(found.untrained / max(1, rows + found.untrained), 4)},
        **report,
    }


def _outlook(
    inputs: RunInputs, file: TokenizedFile, held_out: InspectedFile | None, size: ModelSize, max_length: int
) -> Mapping[str, Any]:
    """Plan and estimates."""
    config, training = inputs.config, inputs.config.training
    per_record = file.sequences_per_record
    objective = resolve_objective(training.objective, are_pairs=per_record == 2, shape=file.shape)
    records = file.records.truncate(max_length)
    if held_out is None:
        train, validation = split_by_group(
            records, file.groups, share=config.data.validation_split, per_record=per_record
        )
    else:
        train, validation = records, held_out.file.records.truncate(max_length) if held_out.file else None
    count = len(train) // per_record
    per_epoch, steps = step_counts(training, records=count)
    validation_tokens = validation.tokens if validation is not None else 0
    distance = evaluation_distance(
        training, total_steps=steps, steps_per_epoch=per_epoch, validation_share=validation_tokens / train.tokens
    )
    load = Workload(
        tokens_per_epoch=train.tokens,
        longest=int(train.lengths.max()),
        sequences_per_record=per_record,
        steps=steps,
        epochs=steps / per_epoch,
        validation_tokens=validation_tokens,
        evaluations=1 + steps // distance if validation is not None else 0,
    )
    return {
        "plan": {
            "objective": objective,
            "train_records": count,
            "validation_records": len(validation) // per_record if validation is not None else 0,
            "effective_batch": training.batch_size * training.gradient_accumulation_steps,
            "steps_per_epoch": per_epoch,
            "total_steps": steps,
            "learning_rate": peak_rate(training, objective=objective, parameters=size.parameters),
            "trained_parameters": size.adapter_parameters(rank=config.lora.r, modules=config.lora.target_modules),
            "base_parameters": size.parameters,
        },
        "estimate": _estimate(inputs, size, load),
    }


def _estimate(inputs: RunInputs, size: ModelSize, load: Workload) -> Mapping[str, Any]:
    has_gpu = _GPU.exists()
    asked = inputs.config.model.dtype
    dtype = asked if asked != "auto" else "bfloat16" if has_gpu else "float32"
    bits = trainer_for(inputs.trainer_type).weight_bits(inputs.config)
    return {
        "memory_mb": memory_mb(size, inputs.config, load, dtype=dtype, bits=bits),
        # how fast a GPU is cannot be told without using it, and somebody else's job may be on it
        "seconds": None if has_gpu else _seconds(inputs, size, load),
        "cpu_threads": inputs.cpu_threads,
        "num_processes": inputs.config.training.num_processes,
        "dtype": dtype,
    }


def _seconds(inputs: RunInputs, size: ModelSize, load: Workload) -> float:
    speed = measured_speed()
    return round(seconds(size, inputs.config, load, operations_per_s=speed, cpu_threads=inputs.cpu_threads), 1)
