"""From a data file to tokenised records: every row checked, every record trains a token, nothing cut silently."""

import json
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backend.training.formats.base import CannotRender, FieldProblem, Record, RecordShape
from backend.training.formats.validation import CheckedRow, EmptyData, InvalidRecords, Problems, checked_rows
from backend.training.utils.token_store import Numbers, TokenRecords, TokenWriter, open_tokens
from shared.utils.splitting import bucket_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PERCENTILE = 99
_PROGRESS_EVERY = 500
_SMALLEST_LENGTH = 8
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class TokenizedFile:
    """A data file as tokens.

    Args:
        records: Sequences, not truncated yet: `sequences_per_record` of each record, side by side.
        lines: Line of each record in the file, shape (n,).
        groups: Number that records of the same document share, shape (n,); for splits.
        shape: Name of the record shape; of several, joined by "+".
        file_name: For messages.
        sequences_per_record: 1, or 2 for pairs of answers.
    """

    records: TokenRecords
    lines: Numbers
    groups: Numbers
    shape: str
    file_name: str
    sequences_per_record: int = 1


def tokenize_file(
    path: Path,
    tokenizer: "PreTrainedTokenizerBase",
    folder: Path,
    name: str,
    *,
    seed: int = 42,
    is_mixed: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> TokenizedFile:
    """Check and tokenise all rows of `path` into memory-mapped files below `folder`.

    Args:
        path: JSONL, JSON, Parquet or CSV.
        tokenizer: Of the base model.
        folder: Private scratch folder.
        name: Name of the token files.
        seed: Enters `groups`.
        is_mixed: Whether rows may have different shapes.
        on_progress: Called with the number of rows done, now and then; may raise to stop.

    Raises:
        InvalidRecords: With line, field and reason of bad rows.
        EmptyData: If there is no row.
        UnusableChatTemplate: If the records are chats and the tokenizer cannot mark the assistant's turns.
    """
    problems, lines, groups = Problems(), array("q"), array("q")
    shapes: dict[str, RecordShape] = {}
    with TokenWriter(folder, name) as writer:
        for done, row in enumerate(checked_rows(path, problems, is_mixed=is_mixed), start=1):
            if row.shape.name not in shapes:
                row.shape.check_tokenizer(tokenizer, row.record)
                shapes[row.shape.name] = row.shape
            if _write(row, tokenizer, writer, problems):
                lines.append(row.line)
                groups.append(group_number(row.record, seed))
            if done % _PROGRESS_EVERY == 0:
                on_progress(done)
    if problems.count:
        raise InvalidRecords(path.name, problems)
    if not shapes:
        raise EmptyData(path.name)
    return TokenizedFile(
        records=open_tokens(folder, name),
        lines=np.asarray(lines, dtype=np.int64),
        groups=np.asarray(groups, dtype=np.int64),
        shape="+".join(sorted(shapes)),
        file_name=path.name,
        sequences_per_record=next(iter(shapes.values())).sequences,
    )


def fitting_length(records: TokenRecords, *, asked: int | None, model_limit: int) -> int:
    """Tokens to keep of a record.

    Args:
        records: Not truncated.
        asked: `data.max_length`; None takes the 99th percentile of the lengths, or as much more as it takes for every
            record to train a token.
        model_limit: What the base model can read.
    """
    if asked is not None:
        return min(asked, model_limit)
    percentile = int(np.percentile(records.full_lengths, _PERCENTILE, method="higher"))
    needed = max(percentile, int(records.first_trained().max(initial=0)), _SMALLEST_LENGTH)
    return min(needed, model_limit)


def truncate_file(file: TokenizedFile, max_length: int) -> TokenRecords:
    """The records cut to `max_length`.

    Raises:
        InvalidRecords: If a record would train no token any more.
    """
    needed = file.records.first_trained()
    problems = Problems()
    # of a pair, both answers have to train something
    needed = np.where(needed == 0, _NEVER, needed).reshape(-1, file.sequences_per_record).max(axis=1)
    for index in np.flatnonzero(needed > max_length):
        reason = f"trains no token within max_length {max_length}"
        if needed[index] < _NEVER:
            reason += f"; it needs at least {needed[index]} tokens: raise data.max_length or shorten the prompt"
        problems.add(int(file.lines[index]), FieldProblem("", reason))
    if problems.count:
        raise InvalidRecords(file.file_name, problems)
    return file.records.truncate(max_length)


def group_number(record: Record, seed: int) -> int:
    """A number in 0 … 999,999 that all records of one document share, even over runs with the same seed.

    Records that name no document are their own group, equal ones together.
    """
    metadata = record.get("metadata")
    in_metadata = metadata.get("document_id") if isinstance(metadata, dict) else None
    group = record.get("document_id") or in_metadata or json.dumps(record, sort_keys=True, default=str)
    return bucket_of(str(group), seed)


def _write(row: CheckedRow, tokenizer: "PreTrainedTokenizerBase", writer: TokenWriter, problems: Problems) -> bool:
    try:
        sequences = row.shape.render_all(row.record, tokenizer)
    except CannotRender as exc:
        problems.add(row.line, FieldProblem(row.shape.keys[0], str(exc)))
        return False
    if not all(any(rendered.mask[1:]) for rendered in sequences):
        problems.add(row.line, FieldProblem("", "trains no token"))
        return False
    for rendered in sequences:
        writer.add(rendered.token_ids, rendered.mask)
    return True
