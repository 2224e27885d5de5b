"""What a run will take: memory from the shapes, time from the arithmetic and the speed of this machine.

Estimates, no promises: they are compared with what the run really took, and both are shown.
"""

import time
from dataclasses import dataclass

import numpy as np

from backend.training.inspection.model_size import ModelSize
from backend.training.training_config import TrainingConfig

_MIB = 1 << 20
# Python with torch, transformers and peft, measured as resident memory before a model is loaded (unit: MiB)
_LIBRARIES_MB = 620
# the process that leads several others has loaded torch alone
_LEADER_MB = 240
# bytes per parameter: the adapter with its gradient, two moments and the best weights so far
_ADAPTER_BYTES = 4 * 5
# tensors per token that a layer keeps for its backward pass, in widths of the stream and of the MLP
_KEPT_HIDDEN, _KEPT_INTERMEDIATE = 12, 4
# the scores of the vocabulary: as the head gives them, widened, and their gradient
_SCORE_COPIES = 3
# share of the speed of one large product that a step reaches; what a forward pass costs however small it is
_EFFICIENCY = 0.35
_PASS_S = 0.012
_BYTES = {"float32": 4.0, "bfloat16": 2.0}
_QUANTIZED_BYTES = {4: 0.53, 8: 1.05}


@dataclass(frozen=True, slots=True)
class Workload:
    """How much goes through the model.

    Args:
        tokens_per_epoch: Real tokens of the training records.
        longest: Tokens of the longest record.
        sequences_per_record: 2 for pairs of answers.
        steps: Optimizer steps of the run.
        epochs: Passes over the records, as a fraction.
        validation_tokens: Tokens of one evaluation.
        evaluations: Number of evaluations.
    """

    tokens_per_epoch: int
    longest: int
    sequences_per_record: int
    steps: int
    epochs: float
    validation_tokens: int
    evaluations: int


def memory_mb(size: ModelSize, config: TrainingConfig, load: Workload, *, dtype: str, bits: int | None) -> int:
    """Peak of the trainer (unit: MiB); each of its processes holds the base model.

    Args:
        size: Of the base model.
        config: Of the run.
        load: Decides the largest batch.
        dtype: Of weights and compute.
        bits: Of quantised weights; None: unquantised.
    """
    others = size.parameters - size.linear_parameters
    linear_bytes = _QUANTIZED_BYTES[bits] if bits else _BYTES[dtype]
    weights = size.linear_parameters * linear_bytes + others * _BYTES[dtype]
    adapter = _ADAPTER_BYTES * size.adapter_parameters(rank=config.lora.r, modules=config.lora.target_modules)
    tokens = config.training.batch_size * load.sequences_per_record * load.longest
    widths = _KEPT_HIDDEN * size.hidden + _KEPT_INTERMEDIATE * size.intermediate
    kept = size.layers * (size.hidden if config.training.gradient_checkpointing else widths)
    activations = tokens * (kept + widths) * _BYTES[dtype]
    scores = tokens * size.vocabulary * 4 * _SCORE_COPIES
    processes = config.training.num_processes
    each = _LIBRARIES_MB + (weights + adapter + activations + scores) / _MIB
    return round(each * processes + (_LEADER_MB if processes > 1 else 0))


def seconds(
    size: ModelSize, config: TrainingConfig, load: Workload, *, operations_per_s: float, cpu_threads: int
) -> float:
    """Time of all steps and evaluations, without loading.

    Args:
        size: Of the base model.
        config: Of the run.
        load: How much goes through.
        operations_per_s: As `measured_speed` says, with all threads.
        cpu_threads: Of the run; with fewer threads than processes each process has one all the same.
    """
    head = size.hidden * size.vocabulary
    forward = 2.0 * (size.linear_parameters + head)
    trained = load.tokens_per_epoch * load.epochs
    # forwards, and backwards through frozen weights (once more if activations are recomputed)
    passes = 3.0 if config.training.gradient_checkpointing else 2.0
    operations = forward * (passes * trained + load.validation_tokens * load.evaluations)
    processes = config.training.num_processes
    calls = load.steps * config.training.gradient_accumulation_steps * passes / processes
    used = processes * max(1, cpu_threads // processes) / cpu_threads
    return operations / (operations_per_s * used * _EFFICIENCY) + calls * _PASS_S


def measured_speed(*, side: int = 768, rounds: int = 6) -> float:
    """Operations per second of a square product in float32 on this machine, now; takes some hundredths of a second."""
    matrix = np.ones((side, side), dtype=np.float32)
    best = 0.0
    for _ in range(rounds):
        started = time.perf_counter()
        matrix @ matrix
        best = max(best, 2.0 * side**3 / (time.perf_counter() - started))
    return best
