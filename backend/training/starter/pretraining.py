"""Next-token pretraining on packed windows, the same bytes for the same seed and thread count."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from backend.training.starter.options import StarterOptions, StarterProgress, StarterStage
from backend.training.utils.metrics import RunningLoss

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import LlamaForCausalLM

Tokens: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int32]]"

_REPORT_EVERY = 5
_WARMUP_SHARE = 0.06
_FINAL_RATE = 0.1


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What the optimizer did.

    Args:
        loss: Running training loss at the end, nats per token.
        was_cut: Whether the time limit ended it.
    """

    steps: int
    trained_tokens: int
    loss: float
    was_cut: bool


def build_model(options: StarterOptions, *, vocab_size: int, eos_id: int, pad_id: int) -> "LlamaForCausalLM":
    """A Llama-architecture model with random weights from the current torch seed."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(  # type: ignore[call-arg]  # attn_implementation is a keyword of the base class
        vocab_size=vocab_size,
        hidden_size=options.hidden_size,
        intermediate_size=options.intermediate_size,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        num_key_value_heads=options.heads,
        max_position_embeddings=options.context_length,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=eos_id,
        pad_token_id=pad_id,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config)


def pretrain(
    model: "LlamaForCausalLM",
    tokens: Tokens,
    options: StarterOptions,
    report: Callable[[StarterProgress], None],
) -> Pretrained:
    """Walk the step budget over `tokens` (texts joined by end-of-text, shape (n,))."""
    import torch

    optimizer = torch.optim.AdamW(
        _decay_groups(model, options.weight_decay), lr=options.learning_rate, betas=(0.9, 0.95), fused=True
    )
    running, started, step, was_cut = RunningLoss(window=20), time.monotonic(), 0, False
    model.train()
    for batch in _batches(tokens, options):
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * rate_at(step, options.steps)
        running.add(_one_step(model, optimizer, batch))
        step += 1
        elapsed = time.monotonic() - started
        was_cut = options.time_limit_s is not None and elapsed >= options.time_limit_s and step < options.steps
        if step % _REPORT_EVERY == 0 or step == options.steps or was_cut:
            report(_progress(step, options, running.mean, elapsed))
        if was_cut:
            break
    model.train(False)
    return Pretrained(step, step * options.tokens_per_step, running.mean, was_cut)


def rate_at(step: int, total: int) -> float:
    """Share of the peak learning rate: linear warm-up, then cosine down to a tenth."""
    warmup = max(1, round(total * _WARMUP_SHARE))
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    return _FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def _one_step(model: "LlamaForCausalLM", optimizer: "torch.optim.Optimizer", batch: "torch.Tensor") -> float:
    import torch

    logits = model(input_ids=batch, use_cache=False).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), batch[:, 1:].reshape(-1))
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships this method without annotations
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def _batches(tokens: Tokens, options: StarterOptions) -> Iterator["torch.Tensor"]:
    """One batch per step, shape (windows, length): all windows in a seeded order before any comes again."""
    import numpy as np
    import torch

    rng = np.random.default_rng(options.seed)
    short_steps = round(options.steps * options.short_share)
    for length, steps in ((options.short_window, short_steps), (options.context_length, options.steps - short_steps)):
        length = min(length, len(tokens))
        per_batch = max(1, options.tokens_per_step // length)
        queue: list[int] = []
        for _ in range(steps):
            while len(queue) < per_batch:
                # a fresh offset each round, so that windows are not cut at the same places again
                offset = int(rng.integers(0, min(length, len(tokens) - length + 1)))
                starts = np.arange(offset, len(tokens) - length + 1, length)
                queue.extend(rng.permutation(starts).tolist())
            starts_now, queue = queue[:per_batch], queue[per_batch:]
            windows = np.stack([tokens[start : start + length] for start in starts_now])
            yield torch.from_numpy(windows.astype(np.int64))


def _decay_groups(model: "LlamaForCausalLM", weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay, norms and embeddings do not."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _progress(step: int, options: StarterOptions, loss: float, elapsed: float) -> StarterProgress:
    per_step = elapsed / step
    return StarterProgress(
        stage=StarterStage.PRETRAINING,
        step=step,
        total_steps=options.steps,
        loss=loss,
        tokens_per_s=options.tokens_per_step / per_step,
        eta_s=per_step * (options.steps - step),
    )
