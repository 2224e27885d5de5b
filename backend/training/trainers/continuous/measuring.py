"""What the candidate and the adapter in use make of the same held-out tokens, both loaded fresh from disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backend.training.formats.golden_chats import load_adapter_tokenizer
from backend.training.formats.tokenizing import tokenize_file
from backend.training.trainers.base import TrainingContext
from backend.training.trainers.continuous.bootstrap import Floats, Numbers
from backend.training.trainers.continuous.mix import Mix
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.batching import pad_id_of
from backend.training.utils.determinism import deterministic
from backend.training.utils.token_loss import log_probabilities
from backend.training.utils.token_store import TokenRecords
from backend.training.utils.trained_with import trained_length, trained_quantization

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 4


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """Records of one kind as tokens.

    Args:
        tokens: Trained tokens of each record within the length of the run, shape (n,); 0 where none is.
        groups: A number that records share which are no independent witnesses, shape (n,): those of one prompt. Golden
            records are a yardstick that was chosen record by record: each is its own group.
    """

    records: TokenRecords
    tokens: Numbers
    groups: Numbers


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a verdict goes by.

    Args:
        sets: `held_out`, `others` and `golden`.
        candidate: Summed log-likelihood of the trained tokens of each record, by set, shape (n,).
        active: The same of the adapter in use, or of the base model where there is none.
    """

    sets: Mapping[str, MeasuredSet]
    candidate: Mapping[str, Floats]
    active: Mapping[str, Floats]


def measure(context: TrainingContext, mix: Mix, *, on_progress: Callable[[], None]) -> Measured:
    """Measure both on held-out new records, on their answers after other prompts, and on golden records.

    Args:
        context: Of the attempt; its adapter folder holds the candidate.
        mix: Says what was held out.
        on_progress: Called after every batch; may raise to stop.

    Raises:
        InvalidRecords: If golden records are bad.
        EmptyData: If there are none.
        AdapterDoesNotFit: If the active adapter is not for this base model.
    """
    assert context.data.continuous is not None  # noqa: S101 - narrows the type; only this trainer gets here
    folder = base_model.locate_base_model(context.base_model, is_offline=context.is_offline)
    active = context.data.continuous.active
    with deterministic(seed=0, threads=context.threads):
        # with the chat template that the candidate was trained with
        tokenizer = load_adapter_tokenizer(context.adapter_dir)
        files = {"held_out": mix.held_out, "others": mix.others, "golden": context.data.continuous.golden}
        length = trained_length(context.adapter_dir)
        sets = {name: _tokenized(context, tokenizer, name, path, length) for name, path in files.items()}
        sets["golden"] = _some(sets["golden"], context)
        pad_id = pad_id_of(tokenizer)

        def likelihoods(adapter_dir: Path | None) -> Mapping[str, Floats]:
            # loaded anew for each: putting an adapter on a model changes the model
            quantization = None if adapter_dir is None else trained_quantization(adapter_dir)
            model = base_model.load_model(folder, dtype=context.config.model.dtype, quantization=quantization)
            adapted = model if adapter_dir is None else with_saved_adapter(model, adapter_dir)
            return {
                name: log_probabilities(adapted, one.records, batch_size=_BATCH, pad_id=pad_id, on_batch=on_progress)
                for name, one in sets.items()
            }

        return Measured(sets, likelihoods(context.adapter_dir), likelihoods(None if active is None else active.path))


def _tokenized(
    context: TrainingContext, tokenizer: "PreTrainedTokenizerBase", name: str, path: Path, length: int | None
) -> MeasuredSet:
    seed = context.config.training.seed
    cache = context.token_cache if name == "golden" else None
    file = tokenize_file(path, tokenizer, context.scratch_dir, f"compare-{name}", seed=seed, cache=cache)
    # of a pair of answers, the chosen one
    records = file.records.select(np.arange(0, len(file.records), file.sequences_per_record)).truncate(length)
    return MeasuredSet(records, records.trained_tokens(), file.groups)


def _some(golden: MeasuredSet, context: TrainingContext) -> MeasuredSet:
    """A seeded choice of at most as many as are compared."""
    limit, seed = context.config.continuous.comparison_limit, context.config.training.seed
    chosen = np.arange(len(golden.records))
    if len(chosen) > limit:
        chosen = np.sort(np.random.Generator(np.random.PCG64(seed)).choice(chosen, limit, replace=False))
    return MeasuredSet(golden.records.select(chosen), golden.tokens[chosen], np.arange(len(chosen)))
