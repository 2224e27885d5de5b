"""What one training run needs: every parameter with its default, its range and its unit.

The config of a run is not a setting of a service: it arrives with the job, is validated here and stored with the job.
Two spellings are read: the sectioned form and the older flat `training.{model_name,dataset_path,…}`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from backend.training.config_errors import InvalidTrainingConfig, explained, found
from shared.errors import InvalidInput

__all__ = ["InvalidTrainingConfig", "TrainingConfig", "load_config_file"]

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MODULE = re.compile(r"\w+(\.\w+)*")
_MANY = 1_000_000_000


def _number(value: Any) -> Any:
    """Text such as 2e-4, which is what plain YAML 1.1 readers of other programs make of that number, is a number."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _modules(value: Any) -> Any:
    """One module name is a list of one; names joined in one text would be taken for a pattern that fits nothing."""
    names = [value] if isinstance(value, str) else value
    if value == "all-linear" or (
        isinstance(names, list) and names and all(isinstance(one, str) and _MODULE.fullmatch(one) for one in names)
    ):
        return value if value == "all-linear" else names
    raise ValueError(f"must be all-linear or a list of module names such as [q_proj, v_proj], found {found(value)}")


Number = Annotated[float, BeforeValidator(_number)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())


class ModelSection(_Section):
    """Which model is adapted."""

    base_model: str = Field(
        default="",
        max_length=500,
        description="Local folder, name below the models folder, or hub name; empty: the server's default.",
    )
    chat_template: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="How chats are written: a name such as qwen or llama3, or a .jinja file below the configs folder; "
        "None: as the base model says.",
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Weights and compute; auto: bfloat16 on GPU, float32 on CPU."
    )


class LoraSection(_Section):
    """Shape of the adapter."""

    r: int = Field(default=32, ge=1, le=1024, description="Rank.")
    alpha: int = Field(default=32, ge=1, le=4096, description="Scale numerator; the update is scaled by alpha / r.")
    dropout: Number | None = Field(default=None, ge=0, lt=1, description="None: 0.05 under 1,000 records, else 0.")
    target_modules: Annotated[str | list[str], BeforeValidator(_modules)] = Field(
        default="all-linear", description="Module names, or all-linear (every linear layer except lm_head)."
    )
    init: Literal["default", "pissa"] = Field(
        default="default",
        description="Where the update starts; pissa: at the principal components of the weights (PiSSA, 2404.02948).",
    )
    use_rslora: bool = Field(default=False, description="Scale by alpha / sqrt(r) instead (rsLoRA, arXiv 2312.03732).")
    use_dora: bool = Field(
        default=False, description="Train the length of each weight column apart from its direction (DoRA, 2402.09353)."
    )


class QloraSection(_Section):
    """Quantisation of the frozen base model."""

    double_quant: bool = True
    quant_type: Literal["nf4", "fp4"] = "nf4"
    compute_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    bits: Literal[4, 8] = 4


class DataSection(_Section):
    """What is trained on; at most one of `train_file` and `dataset_id`."""

    train_file: str | None = Field(
        default=None, max_length=1000, description="JSONL, JSON, Parquet or CSV below the data folder."
    )
    dataset_id: str | None = Field(
        default=None, max_length=100, description="A completed dataset of the dataset service."
    )
    validation_split: Number = Field(
        default=0.1, ge=0, le=0.5, description="Share held out of a train_file that has no split."
    )
    max_length: int | None = Field(
        default=None,
        ge=8,
        le=1_048_576,
        description="Tokens per record; None: 99th percentile of the data, capped by the model.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.train_file is not None and self.dataset_id is not None:
            raise ValueError("give train_file or dataset_id, not both")
        return self


class TrainingSection(_Section):
    """How the optimizer walks."""

    output_dir: str | None = Field(
        default=None, max_length=500, description="Name of the folder below the adapters folder."
    )
    num_epochs: int = Field(default=3, ge=1, le=1000)
    max_steps: int | None = Field(
        default=None, ge=1, le=_MANY, description="Stop after this many optimizer steps, whatever num_epochs says."
    )
    batch_size: int = Field(default=4, ge=1, le=4096, description="Records per forward pass.")
    gradient_accumulation_steps: int = Field(default=4, ge=1, le=4096, description="Forward passes per optimizer step.")
    objective: Literal["auto", "sft", "dpo"] = Field(
        default="auto",
        description="sft: learn answers; dpo: prefer the chosen to the rejected one; auto: as the records are.",
    )
    learning_rate: Number | None = Field(
        default=None, gt=0, le=1, description="Highest rate; None: 2e-4 (sft), 1e-4 from 30B parameters, 5e-6 (dpo)."
    )
    optimizer: Literal["auto", "adamw", "adamw_8bit", "paged_adamw_8bit"] = Field(
        default="auto",
        description="AdamW with moments in float32 or 8 bits, paged out of GPU memory on demand; auto: paged for qlora "
        "on a GPU, else float32.",
    )
    lora_plus_ratio: Number = Field(
        default=1.0, ge=1, le=128, description="Rate of the B matrices over that of the A matrices (LoRA+, 2402.12354)."
    )
    lr_scheduler: Literal["cosine", "linear", "constant"] = "cosine"
    warmup_ratio: Number = Field(
        default=0.03, ge=0, lt=1, description="Share of steps with a rising rate (at least min_warmup_steps)."
    )
    min_warmup_steps: int = Field(default=10, ge=0, le=100_000)
    weight_decay: Number = Field(default=0.0, ge=0, le=1)
    max_grad_norm: Number = Field(default=1.0, gt=0, description="Gradients are clipped to this 2-norm.")
    loss_spike_factor: Number | None = Field(
        default=3.0, gt=1, description="A loss of this many times its usual value, for five steps, ends the run."
    )
    grad_norm_spike_factor: Number | None = Field(
        default=100.0, gt=1, description="A gradient norm of this many times its usual value, for five steps, does too."
    )
    early_stopping_patience: int | None = Field(
        default=3, ge=1, le=_MANY, description="Evaluations without a better loss; None: never stop early."
    )
    eval_steps: int | None = Field(
        default=None,
        ge=1,
        le=_MANY,
        description="Optimizer steps between evaluations; None: ten per run, or as many as take a tenth of its time.",
    )
    logging_steps: int = Field(default=5, ge=1, le=_MANY, description="Optimizer steps between logged figures.")
    save_steps: int | None = Field(
        default=None, ge=1, le=_MANY, description="Optimizer steps between checkpoints; None: CLARA_SAVE_EVERY."
    )
    save_total_limit: int = Field(
        default=2, ge=1, le=100, description="Checkpoints kept; the newest valid one always stays."
    )
    num_processes: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="Processes that share the forward passes of each step: at most gradient_accumulation_steps, and at "
        "most the machine's cores, or GPUs where it has some.",
    )
    gradient_checkpointing: bool = Field(default=False, description="Recompute activations to save memory.")
    seed: int = Field(default=42, ge=0, lt=2**32)
    cpu_threads: int | None = Field(
        default=None, ge=1, le=1024, description="Of all processes together; None: cores / CLARA_MAX_CONCURRENT_JOBS."
    )


class DpoSection(_Section):
    """Direct preference optimisation (arXiv 2305.18290)."""

    beta: float = Field(default=0.1, gt=0, le=10, description="How much a distance from the base model counts.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=0.5, description="Share of pairs that are taken to be the wrong way round."
    )


_Range = Annotated[list[int], Field(min_length=2, max_length=2)]


class ContinuousSection(_Section):
    """What a continuous run learns from feedback, and what it has to show before it may be promoted.

    The members that say which feedback is meant are fixed when the job is accepted, and stored with it.
    """

    feedback_until: int | None = Field(
        default=None, ge=0, description="Newest item that counts, by its seq; None: the newest there is."
    )
    feedback_after: int | None = Field(
        default=None,
        ge=0,
        description="Newest item that is not new any more; None: where the active adapter's run ended.",
    )
    replay_ranges: list[_Range] | None = Field(
        default=None,
        max_length=10_000,
        description="Earlier feedback as pairs (after, until]; None: what the active adapter and its parents learnt.",
    )
    parent_adapter_id: str | None = Field(
        default=None, max_length=100, description="Adapter to compare with; None: the active one; '': the base model."
    )
    min_score: Number = Field(default=0.5, ge=-1, le=1, description="Lowest score at which an answer is a target.")
    min_new_records: int = Field(default=50, ge=1, description="New items with a target that a run needs at least.")
    record_format: Literal["messages", "prompt_completion"] = Field(
        default="messages", description="How feedback is put to the model: by its chat template, or as plain text."
    )
    replay_share: Number = Field(default=0.2, ge=0, le=0.9, description="Share of earlier records in the training mix.")
    held_out_share: Number = Field(
        default=0.2, ge=0.05, le=0.5, description="Share of the new prompts that is never trained on, at least ten."
    )
    golden_file: str | None = Field(
        default=None,
        max_length=1000,
        description="Records below the data folder that must not get worse; None: the dataset's test split.",
    )
    comparison_limit: int = Field(
        default=500,
        ge=10,
        le=100_000,
        description="Records of each kind that are compared at most.",
    )
    confidence: Number = Field(default=0.95, ge=0.8, lt=1, description="Of each bound that a verdict goes by.")
    min_gain: Number = Field(
        default=0.005, ge=0, le=10, description="The loss on held-out new records must fall by more (nats per token)."
    )
    golden_tolerance: Number = Field(
        default=0.02, ge=0, le=10, description="The loss on golden records may rise by no more (nats per token)."
    )
    min_fit: Number = Field(
        default=0.005,
        ge=-10,
        le=10,
        description="New answers must be likelier after their own prompt than after others by more (nats per token).",
    )
    promote: bool = Field(
        default=False, description="Make the candidate the active adapter by itself if the verdict is promote."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        after, until = self.feedback_after, self.feedback_until
        if after is not None and until is not None and after >= until:
            raise ValueError(f"feedback_after ({after}) must be smaller than feedback_until ({until})")
        if any(after >= until for after, until in self.replay_ranges or ()):
            raise ValueError("each pair of replay_ranges is (after, until) with after < until")
        return self


class ProbeSection(_Section):
    """What the `probe` trainer does: a real run of seconds, which can be told to go wrong."""

    steps: int = Field(default=20, ge=1, le=1_000_000, description="Optimizer steps.")
    seconds_per_step: Number = Field(default=0.05, ge=0, le=86_400, description="Shortest time of a step (unit: s).")
    width: int = Field(
        default=32, ge=8, le=4096, description="Inputs and outputs of the learned map; decides the size of files."
    )
    crash_at: int | None = Field(
        default=None, ge=1, le=_MANY, description="In this step the process ends without a word, as crash_how says."
    )
    crash_how: Literal["segv", "kill", "exit"] = Field(
        default="segv", description="segv: memory fault; kill: SIGKILL; exit: at once with exit_code."
    )
    exit_code: int = Field(default=1, ge=0, le=255, description="For crash_how exit.")
    hang_at: int | None = Field(
        default=None, ge=1, le=_MANY, description="In this step the process stands still and hears no stop request."
    )
    error_at: int | None = Field(default=None, ge=1, le=_MANY, description="In this step the trainer reports an error.")
    error_how: Literal["lasting", "temporary"] = Field(
        default="lasting", description="temporary: something outside that may mend itself, so it is tried again."
    )
    allocate_at: int | None = Field(
        default=None, ge=1, le=_MANY, description="In this step the process takes allocate_mb."
    )
    allocate_mb: int = Field(default=1024, ge=1, le=1_048_576, description="For allocate_at; kept to the end (MiB).")
    on_attempts: int | None = Field(
        default=None,
        ge=1,
        le=_MANY,
        description="Go wrong only in the first so many claims of the job; None: in all of them.",
    )


class TrainingConfig(_Section):
    """A whole run; sections that are left out take their defaults."""

    model: ModelSection = ModelSection()
    lora: LoraSection = LoraSection()
    qlora: QloraSection = QloraSection()
    data: DataSection = DataSection()
    training: TrainingSection = TrainingSection()
    dpo: DpoSection = DpoSection()
    continuous: ContinuousSection = ContinuousSection()
    probe: ProbeSection = ProbeSection()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "TrainingConfig":
        """Validate a config in either spelling.

        Raises:
            InvalidTrainingConfig: With every wrong field; an unknown key names the nearest known one.
        """
        try:
            return cls.model_validate(_sectioned(raw))
        except ValidationError as exc:
            errors = [explained(error, _known_keys) for error in exc.errors(include_url=False)]
            raise InvalidTrainingConfig(errors) from exc


_FLAT_NAMES: Mapping[str, tuple[str, str]] = {
    "model_name": ("model", "base_model"),
    "dataset_path": ("data", "train_file"),
    "dataset_id": ("data", "dataset_id"),
    "max_length": ("data", "max_length"),
    "lora_rank": ("lora", "r"),
    "lora_alpha": ("lora", "alpha"),
    "lora_dropout": ("lora", "dropout"),
    "quantization_bits": ("qlora", "bits"),
}


def _sectioned(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Move the names of the older flat form from `training` to the section where they live now."""
    sections: dict[str, Any] = {name: dict(part) if isinstance(part, Mapping) else part for name, part in raw.items()}
    flat = sections.get("training")
    if not isinstance(flat, dict):
        return sections
    for old_name, (section, name) in _FLAT_NAMES.items():
        if old_name in flat:
            target = sections.setdefault(section, {})
            if isinstance(target, dict):
                _move(flat, old_name, target, f"{section}.{name}")
    return sections


def _move(flat: dict[str, Any], old_name: str, target: dict[str, Any], new_name: str) -> None:
    value = flat.pop(old_name)
    if target.setdefault(new_name.partition(".")[2], value) != value:
        reason = f"says the same as {new_name}, which has another value; give one of them"
        raise InvalidTrainingConfig([{"field": f"training.{old_name}", "reason": reason}])


def _known_keys(section: list[str]) -> list[str]:
    fields = TrainingConfig.model_fields
    if not section:
        return list(fields)
    annotation = fields[section[0]].annotation
    names = list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    return names + (list(_FLAT_NAMES) if section[0] == "training" else [])


def load_config_file(path: Path) -> dict[str, Any]:
    """Read a YAML (or JSON) training config as plain values; `2e-4` is a number.

    Raises:
        InvalidInput: If the file is not YAML, is larger than 1 MiB or is no mapping.
    """
    import yaml

    from shared.utils.yaml_safe import load_yaml, yaml_reason

    if path.stat().st_size > 1 << 20:
        raise InvalidInput(f"{path.name} is larger than 1 MiB; a training config is not.", path=path.name)
    try:
        content = load_yaml(path.read_text(encoding="utf-8-sig"), names_once=True)
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{path.name} is not UTF-8; save it as UTF-8.", path=path.name) from exc
    except yaml.YAMLError as exc:
        raise InvalidInput(f"{path.name} is not valid YAML: {yaml_reason(exc)}.", path=path.name) from exc
    if not isinstance(content, dict):
        expected = "must hold a mapping with sections such as 'model' and 'data'"
        raise InvalidInput(f"{path.name} {expected}, found {found(content)}.", path=path.name)
    return content
