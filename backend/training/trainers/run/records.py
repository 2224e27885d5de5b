"""The records of a run: tokenised, split, cut to one length, with the counts that are reported about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backend.training.formats.tokenizing import TokenizedFile, fitting_length, tokenize_file, truncate_file
from backend.training.trainers.base import Reporter, TrainingContext
from backend.training.trainers.run.stopping import go_on
from backend.training.utils.token_store import TokenRecords

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BUCKETS = 1_000_000


@dataclass(frozen=True, slots=True)
class TrainingRecords:
    """What a run learns from and what it is measured on.

    Args:
        validation: None if nothing is held out.
        facts: Counts for the plan, the model card and the job.
    """

    train: TokenRecords
    validation: TokenRecords | None
    max_length: int
    facts: Mapping[str, Any]


def prepare_records(
    context: TrainingContext, tokenizer: "PreTrainedTokenizerBase", reporter: Reporter, *, model_limit: int
) -> TrainingRecords:
    """Tokenise the training and validation files of `context` into its scratch folder.

    Raises:
        InvalidRecords: With line, field and reason of bad rows.
        EmptyData: If a file holds nothing.
        TrainingStopped: If a stop was requested meanwhile.
    """

    def tokenized(path: Path, name: str) -> TokenizedFile:
        return tokenize_file(
            path,
            tokenizer,
            context.scratch_dir,
            name,
            seed=context.config.training.seed,
            on_progress=lambda _: go_on(reporter),
        )

    train_file = tokenized(context.data.train, "train")
    length = fitting_length(train_file.records, asked=context.config.data.max_length, model_limit=model_limit)
    train = truncate_file(train_file, length)
    if context.data.validation is not None:
        validation: TokenRecords | None = truncate_file(tokenized(context.data.validation, "validation"), length)
    else:
        train, validation = split_by_group(train, train_file.groups, share=context.config.data.validation_split)
    records = TrainingRecords(train, validation, length, _facts(train, validation, length, train_file.shape))
    _tell_truncation(records, reporter)
    return records


def split_by_group(
    records: TokenRecords, groups: np.typing.NDArray[np.int64], *, share: float
) -> tuple[TokenRecords, TokenRecords | None]:
    """Hold out about `share` of the groups, by their number alone: the same ones on every run, no document in both.

    Args:
        records: To be split.
        groups: Group number of each record, 0 … 999,999, shape (n,).
        share: Of the groups; 0 holds out nothing.
    """
    if share == 0 or len(np.unique(groups)) < 2:
        return records, None
    held_out = groups < share * _BUCKETS
    if not held_out.any():  # few groups and bad luck: one of them is held out all the same
        held_out = groups == groups.min()
    if held_out.all():
        held_out = groups != groups.max()
    return records.select(np.flatnonzero(~held_out)), records.select(np.flatnonzero(held_out))


def _facts(train: TokenRecords, validation: TokenRecords | None, length: int, shape: str) -> dict[str, Any]:
    return {
        "records": len(train),
        "validation_records": 0 if validation is None else len(validation),
        "record_shape": shape,
        "tokens": train.tokens,
        "trained_tokens": int(train.trained_tokens().sum()),
        "truncated_records": train.truncated + (validation.truncated if validation else 0),
        "max_length": length,
    }


def _tell_truncation(records: TrainingRecords, reporter: Reporter) -> None:
    cut = records.facts["truncated_records"]
    if cut:
        total = records.facts["records"] + records.facts["validation_records"]
        lost = int((records.train.full_lengths - records.train.lengths).sum())
        reporter.message(
            f"{cut} of {total} records are longer than {records.max_length} tokens and are cut there "
            f"({lost} training tokens are not seen). Raise data.max_length or use a base model that reads more."
        )
