"""LoRA: freeze the base model, train a low-rank update of its linear layers (Hu et al. 2021, arXiv 2106.09685)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backend.training.trainers.base import BaseTrainer, Reporter, TrainingContext, TrainingOutcome
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

    from backend.training.trainers.run.records import TrainingRecords
    from backend.training.utils.quantization import Quantization

_SMALL_SET = 1000
_SMALL_SET_DROPOUT = 0.05


class LoRATrainer(BaseTrainer):
    """Trains an adapter in bfloat16 (GPU) or float32 (CPU) on top of an unquantised base model."""

    trainer_type = "lora"

    def validate(self, config: TrainingConfig) -> None:
        """Refuse options that exclude each other.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """
        problems = []
        if config.lora.init == "pissa" and config.lora.use_dora:
            problems.append(_problem("init", "pissa and use_dora start the same weights in two ways; choose one"))
        if config.lora.init == "pissa" and self.quantization(config):
            problems.append(_problem("init", "pissa changes the base weights, which are quantised; choose default"))
        if problems:
            raise InvalidTrainingConfig(problems)

    def quantization(self, config: TrainingConfig) -> "Quantization | None":
        """How the base model is kept; None: unquantised."""
        return None

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """Base model, records, adapter, loop, files: in this order.

        Raises:
            TrainingStopped: After a stop request.
            BaseModelMissing: If the base model is not here.
            InvalidBaseModel: If its folder is incomplete or unsafe.
            InvalidRecords: If records cannot be trained on.
            UnusableChatTemplate: If chats cannot be written, or not with the tokens of the base model.
            InvalidTrainingConfig: If the target modules are not in the model.
            LossNotFinite: If training diverged.
        """
        from backend.training.trainers.run.adapter_files import AdaptedBase, save_adapter
        from backend.training.trainers.run.records import prepare_records
        from backend.training.trainers.run.stopping import go_on
        from backend.training.trainers.run.tokenizer import tokenizer_of_run
        from backend.training.trainers.run.training_loop import TrainingLoop
        from backend.training.utils import base_model
        from backend.training.utils.batching import pad_id_of
        from backend.training.utils.determinism import deterministic
        from backend.training.utils.metrics import json_safe

        config = context.config
        self.validate(config)
        folder = base_model.locate_base_model(context.base_model, is_offline=context.is_offline)
        digest = base_model.base_model_digest(folder, on_file=lambda: go_on(reporter))
        threads = config.training.cpu_threads or context.cpu_threads
        with deterministic(seed=config.training.seed, threads=threads):
            tokenizer = tokenizer_of_run(context, folder, reporter)
            limit = base_model.model_limit(base_model.load_config(folder))
            records = prepare_records(context, tokenizer, reporter, model_limit=limit)
            go_on(reporter)
            quantization = self.quantization(config)
            base = base_model.load_model(folder, dtype=config.model.dtype, quantization=quantization)
            model = _with_adapter(base, config, records)
            start = _start_of(model, config)
            loop = TrainingLoop(model, records, context, reporter, pad_id=pad_id_of(tokenizer), base_digest=digest)
            result = loop.run()
            save_adapter(
                model,
                tokenizer,
                context,
                records,
                result,
                base=AdaptedBase(folder, digest, quantization),
                start=start,
            )
        return TrainingOutcome(
            steps=result.progress.step,
            epochs=result.epochs,
            metrics=json_safe({**records.facts, **result.metrics()}),
            base_model_digest=digest,
        )


def _problem(field: str, reason: str) -> dict[str, str]:
    return {"field": f"lora.{field}", "reason": reason}


def _start_of(model: "PeftModel", config: TrainingConfig) -> "Mapping[str, torch.Tensor] | None":
    """What has to be subtracted in the end."""
    from peft import get_peft_model_state_dict

    from backend.training.trainers.run.pissa import copy_of_start

    if config.lora.init != "pissa":
        return None
    return copy_of_start(get_peft_model_state_dict(model, save_embedding_layers=False))


def _with_adapter(model: "PreTrainedModel", config: TrainingConfig, records: "TrainingRecords") -> "PeftModel":
    """Freeze the model and put fresh low-rank updates, in float32, beside its linear layers."""
    from peft import LoraConfig, TaskType

    from backend.training.utils.adapted_model import with_fresh_adapter

    if config.training.gradient_checkpointing:
        enable: Any = model.activation_checkpointing_enable
        enable(activation_checkpointing_kwargs={"use_reentrant": False})
    lora = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=config.lora.r,
        lora_alpha=config.lora.alpha,
        lora_dropout=effective_dropout(config, records=len(records.train)),
        target_modules=config.lora.target_modules,
        use_rslora=config.lora.use_rslora,
        use_dora=config.lora.use_dora,
        init_lora_weights="pissa" if config.lora.init == "pissa" else True,
        bias="none",
    )
    try:
        return with_fresh_adapter(model, lora)
    except ValueError as exc:
        reason = str(exc).splitlines()[0][:300]
        raise InvalidTrainingConfig([{"field": "lora.target_modules", "reason": reason}]) from exc


def effective_dropout(config: TrainingConfig, *, records: int) -> float:
    """The configured dropout, or the default for a set of this size."""
    if config.lora.dropout is not None:
        return config.lora.dropout
    return _SMALL_SET_DROPOUT if records < _SMALL_SET else 0.0
