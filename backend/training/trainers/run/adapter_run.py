"""One attempt at a LoRA adapter, as every trainer of language models makes it: base, records, adapter, loop, files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.trainers.base import Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.run.adapter_config import lora_config
from backend.training.trainers.run.adapter_files import AdaptedBase, save_adapter
from backend.training.trainers.run.libraries import import_libraries
from backend.training.trainers.run.objectives.base import Objective
from backend.training.trainers.run.objectives.choice import make_objective, resolve_objective
from backend.training.trainers.run.optimizer import peak_rate, resolve_optimizer
from backend.training.trainers.run.pissa import copy_of_start
from backend.training.trainers.run.plan import plan_run, run_identity
from backend.training.trainers.run.records import TrainingRecords, prepare_records
from backend.training.trainers.run.stopping import go_on
from backend.training.trainers.run.tokenizer import tokenizer_of_run
from backend.training.trainers.run.training_loop import TrainingLoop
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_fresh_adapter
from backend.training.utils.batching import pad_id_of
from backend.training.utils.determinism import deterministic
from backend.training.utils.gpu_kernels import accelerator_here, choose_kernels, use_kernels
from backend.training.utils.memory_use import peak_memory_mb
from backend.training.utils.metrics import json_safe
from backend.training.utils.quantization import Quantization

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


def train_adapter(
    context: TrainingContext, reporter: Reporter, *, quantization: Quantization | None = None
) -> TrainingOutcome:
    """Train and fill `context.adapter_dir`.

    Args:
        context: Of the attempt.
        reporter: Told of everything.
        quantization: How the base model is kept; None: unquantised.

    Raises:
        TrainingStopped: After a stop request.
        BaseModelMissing: If the base model is not here.
        InvalidBaseModel: If its folder is incomplete or unsafe.
        InvalidRecords: If records cannot be trained on.
        UnusableChatTemplate: If chats cannot be written, or not with the tokens of the base model.
        WrongObjective: If they are not what the objective learns from.
        InvalidTrainingConfig: If the target modules are not in the model.
        RunDiverged: If the figures say that the weights are of no use any more.
    """
    config, laps, ranks = context.config, context.laps, context.ranks
    import_libraries()
    laps.lap("imports")
    folder, digest = _base_of_run(context, reporter)
    laps.lap("digest")
    with deterministic(seed=config.training.seed, threads=context.threads_per_rank):
        tokenizer = tokenizer_of_run(context, folder, reporter)
        limit = base_model.model_limit(base_model.load_config(folder))
        laps.lap("tokenizer")
        records = prepare_records(context, tokenizer, reporter, model_limit=limit)
        objective_name = resolve_objective(
            config.training.objective, are_pairs=records.are_pairs, shape=records.facts["record_shape"]
        )
        go_on(reporter)
        laps.lap("records")
        base = base_model.load_model(folder, dtype=config.model.dtype, quantization=quantization)
        laps.lap("model")
        kernels = use_kernels(base, choose_kernels(accelerator_here(), dtype=base.dtype)).as_facts()
        facts = {**records.facts, **kernels, "num_processes": ranks.count}
        model = _with_adapter(base, config, records)
        start = _start_of(model, config)
        identity = run_identity(context, digest)
        objective = make_objective(
            objective_name, records, context, reporter, pad_id=pad_id_of(tokenizer), identity=identity
        )
        optimizer = resolve_optimizer(
            config.training.optimizer,
            is_quantized=quantization is not None,
            has_gpu=next(model.parameters()).is_cuda,
        )
        result = _loop(model, objective, context, reporter, identity=identity, facts=facts, optimizer=optimizer).run()
        if ranks.is_first:
            save_adapter(
                model,
                tokenizer,
                context,
                records,
                result,
                base=AdaptedBase(folder, digest, quantization),
                choices={"objective": objective_name, "optimizer": optimizer, **kernels, "num_processes": ranks.count},
                start=start,
            )
        peak_mb = float(ranks.sum(peak_memory_mb()))
    return TrainingOutcome(
        steps=result.progress.step,
        epochs=result.epochs,
        metrics=json_safe(
            {
                **facts,
                "objective": objective_name,
                **result.metrics(),
                "peak_memory_mb": round(peak_mb, 1),
            }
        ),
        base_model_digest=digest,
    )


def _base_of_run(context: TrainingContext, reporter: Reporter) -> tuple[Path, str]:
    """Folder and digest of the base model, looked up and read through by the first rank alone."""

    def found() -> str:
        folder = base_model.locate_base_model(context.base_model, is_offline=context.is_offline)
        return json.dumps([str(folder), base_model.base_model_digest(folder, on_file=lambda: go_on(reporter))])

    folder, digest = json.loads(context.ranks.shared(found))
    return Path(folder), digest


def _loop(
    model: "PeftModel",
    objective: Objective,
    context: TrainingContext,
    reporter: Reporter,
    *,
    identity: str,
    facts: Mapping[str, Any],
    optimizer: str,
) -> TrainingLoop:
    _, parameters = model.get_nb_trainable_parameters()  # counts what 4-bit weights stand for, not their bytes
    rate = peak_rate(context.config.training, objective=objective.name, parameters=parameters)
    plan = plan_run(context, objective.lengths, peak_rate=rate, validation_share=objective.validation_share)
    return TrainingLoop(model, objective, plan, context, reporter, identity=identity, facts=facts, optimizer=optimizer)


def _start_of(model: "PeftModel", config: TrainingConfig) -> "Mapping[str, torch.Tensor] | None":
    """What has to be subtracted in the end."""
    from peft import get_peft_model_state_dict

    if config.lora.init != "pissa":
        return None
    return copy_of_start(get_peft_model_state_dict(model, save_embedding_layers=False))


def _with_adapter(model: "PreTrainedModel", config: TrainingConfig, records: TrainingRecords) -> "PeftModel":
    """Freeze the model and put fresh low-rank updates, in float32, beside its linear layers."""
    if config.training.gradient_checkpointing:
        enable: Any = model.activation_checkpointing_enable
        enable(activation_checkpointing_kwargs={"use_reentrant": False})
    try:
        return with_fresh_adapter(model, lora_config(config, records=len(records.train)))
    except ValueError as exc:
        reason = str(exc).splitlines()[0][:300]
        raise InvalidTrainingConfig([{"field": "lora.target_modules", "reason": reason}]) from exc
