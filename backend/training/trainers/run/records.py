"""The records of a run: tokenised, split, cut to one length, with the counts that are reported about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backend.training.formats.token_cache import TokenCache
from backend.training.formats.tokenizing import TokenizedFile, fitting_length, tokenize_file, truncate_file
from backend.training.trainers.base import Reporter, TrainingContext
from backend.training.trainers.run.stopping import go_on
from backend.training.utils.token_store import TokenRecords
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BUCKETS = 1_000_000
_UNLIMITED_MB = 1 << 40


class DifferentShapes(InvalidInput):
    """Training and validation records that cannot be measured with one loss."""

    code = "different_shapes"

    def __init__(self, train: str, validation: str) -> None:
        super().__init__(
            f"The training records have the shape {train}, the validation records {validation}; give both one shape.",
            train=train,
            validation=validation,
        )


@dataclass(frozen=True, slots=True)
class TrainingRecords:
    """What a run learns from and what it is measured on.

    Args:
        validation: None if nothing is held out.
        are_pairs: Whether every record is two sequences: the chosen answer, then the rejected one.
        facts: Counts for the plan, the model card and the job.
    """

    train: TokenRecords
    validation: TokenRecords | None
    max_length: int
    facts: Mapping[str, Any]
    are_pairs: bool = False

    @property
    def validation_share(self) -> float:
        """Held-out tokens over training tokens; 0: nothing is held out."""
        return self.validation.tokens / self.train.tokens if self.validation is not None else 0.0


def prepare_records(
    context: TrainingContext, tokenizer: "PreTrainedTokenizerBase", reporter: Reporter, *, model_limit: int
) -> TrainingRecords:
    """Tokenise the training and validation files of `context`.

    Raises:
        InvalidRecords: With line, field and reason of bad rows.
        EmptyData: If a file holds nothing.
        TrainingStopped: If a stop was requested meanwhile.
    """

    def tokenized(path: Path, name: str) -> TokenizedFile:
        # the others find what the first rank has made
        with context.ranks.first():
            return tokenize_file(
                path,
                tokenizer,
                context.scratch_dir,
                name,
                seed=context.config.training.seed,
                is_mixed=context.data.is_mixed,
                cache=_cache(context),
                on_progress=lambda _: go_on(reporter),
            )

    train_file = tokenized(context.data.train, "train")
    length = fitting_length(train_file.records, asked=context.config.data.max_length, model_limit=model_limit)
    train = truncate_file(train_file, length)
    if context.data.validation is not None:
        held_out = tokenized(context.data.validation, "validation")
        if held_out.shape != train_file.shape:
            raise DifferentShapes(train_file.shape, held_out.shape)
        validation: TokenRecords | None = truncate_file(held_out, length)
    else:
        train, validation = split_by_group(
            train,
            train_file.groups,
            share=context.config.data.validation_split,
            per_record=train_file.sequences_per_record,
        )
    facts = _facts(train, validation, length, train_file)
    records = TrainingRecords(train, validation, length, facts, are_pairs=train_file.sequences_per_record == 2)
    _tell_truncation(records, reporter)
    return records


def _cache(context: TrainingContext) -> TokenCache | None:
    # a mix is of one job alone
    kept = None if context.data.is_mixed else context.token_cache
    if kept is None and context.ranks.count > 1:
        return TokenCache(context.scratch_dir / "tokens", _UNLIMITED_MB)
    return kept


def split_by_group(
    records: TokenRecords, groups: np.typing.NDArray[np.int64], *, share: float, per_record: int = 1
) -> tuple[TokenRecords, TokenRecords | None]:
    """Hold out about `share` of the groups, by their number alone: the same ones on every run, no document in both.

    Args:
        records: To be split.
        groups: Group number of each record, 0 … 999,999, shape (n,).
        share: Of the groups; 0 holds out nothing.
        per_record: Sequences of each record in `records`.
    """
    if share == 0 or len(np.unique(groups)) < 2:
        return records, None
    held_out = groups < share * _BUCKETS
    if not held_out.any():  # few groups and bad luck: one of them is held out all the same
        held_out = groups == groups.min()
    if held_out.all():
        held_out = groups != groups.max()
    sequences = np.repeat(held_out, per_record)
    return records.select(np.flatnonzero(~sequences)), records.select(np.flatnonzero(sequences))


def _facts(train: TokenRecords, validation: TokenRecords | None, length: int, file: TokenizedFile) -> dict[str, Any]:
    per_record = file.sequences_per_record
    return {
        "records": len(train) // per_record,
        "validation_records": 0 if validation is None else len(validation) // per_record,
        "record_shape": file.shape,
        "tokens": train.tokens,
        "trained_tokens": int(train.trained_tokens().sum()),
        "truncated_records": train.truncated + (validation.truncated if validation else 0),
        "max_length": length,
    }


def _tell_truncation(records: TrainingRecords, reporter: Reporter) -> None:
    cut = records.facts["truncated_records"]
    if cut:
        total = len(records.train) + (0 if records.validation is None else len(records.validation))
        lost = int((records.train.full_lengths - records.train.lengths).sum())
        what = "answers of pairs" if records.are_pairs else "records"
        reporter.message(
            f"{cut} of {total} {what} are longer than {records.max_length} tokens and are cut there "
            f"({lost} training tokens are not seen). Raise data.max_length or use a base model that reads more."
        )
