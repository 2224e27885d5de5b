"""From a data file to tokenised records: every row checked, every record trains a token, nothing cut silently."""

import hashlib
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
from shared.storage import disk_errors, write_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from backend.training.formats.token_cache import TokenCache

_PERCENTILE = 99
_PROGRESS_EVERY = 500
_SMALLEST_LENGTH = 8
_NEVER = 1 << 62
_BUCKETS = 1_000_000
_TOKENS, _LINES, _GROUPS, _SHAPE = "tokens", "lines.bin", "group_ids.bin", "shape.json"


@dataclass(frozen=True, slots=True)
class TokenizedFile:
    """A data file as tokens.

    Args:
        records: Sequences, not truncated yet: `sequences_per_record` of each record, side by side.
        lines: Line of each record in the file, shape (n,).
        groups: Number in 0 … 999,999 that records of the same document share, shape (n,); for splits.
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
    cache: "TokenCache | None" = None,
    is_mixed: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> TokenizedFile:
    """Check and tokenise all rows of `path` into memory-mapped files, or find that done in the cache.

    Args:
        path: JSONL, JSON, Parquet or CSV.
        tokenizer: Of the base model.
        folder: Private scratch folder, used where there is no cache.
        name: Name of the folder made in it.
        seed: Enters `groups`.
        cache: Where the tokens of the same file and tokenizer may lie already, and are put otherwise.
        is_mixed: Whether rows may have different shapes.
        on_progress: Called with the number of rows done, now and then; may raise to stop.

    Raises:
        InvalidRecords: With line, field and reason of bad rows.
        EmptyData: If there is no row.
        UnusableChatTemplate: If the records are chats and the tokenizer cannot mark the assistant's turns.
    """

    def write(target: Path) -> None:
        problems = write_tokens(path, tokenizer, target, is_mixed=is_mixed, on_progress=on_progress)
        if problems.count:
            raise InvalidRecords(path.name, problems)

    if cache is not None:
        return open_tokenized(cache.found_or_made(path, tokenizer, write), path.name, seed=seed)
    target = folder / name
    with disk_errors(folder):
        target.mkdir(parents=True, exist_ok=True)
    write(target)
    return open_tokenized(target, path.name, seed=seed)


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
    problems = untrained(file, max_length)
    if problems.count:
        raise InvalidRecords(file.file_name, problems)
    return file.records.truncate(max_length)


def untrained(file: TokenizedFile, max_length: int) -> Problems:
    """The records that would train nothing within this length."""
    needed = file.records.first_trained()
    problems = Problems()
    # of a pair, both answers have to train something
    needed = np.where(needed == 0, _NEVER, needed).reshape(-1, file.sequences_per_record).max(axis=1)
    for index in np.flatnonzero(needed > max_length):
        reason = f"trains no token within max_length {max_length}"
        if needed[index] < _NEVER:
            reason += f"; it needs at least {needed[index]} tokens: raise data.max_length or shorten the prompt"
        problems.add(int(file.lines[index]), FieldProblem("", reason), is_untrained=True)
    return problems


def group_id(record: Record) -> int:
    """A number of 63 bits that all records of one document share; records that name none share it with equal ones."""
    metadata = record.get("metadata")
    in_metadata = metadata.get("document_id") if isinstance(metadata, dict) else None
    group = record.get("document_id") or in_metadata or json.dumps(record, sort_keys=True, default=str)
    digest = hashlib.blake2b(str(group).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def group_numbers(ids: Numbers, seed: int) -> Numbers:
    """Numbers in 0 … 999,999, evenly spread, from group ids and a seed; the same ones on every machine.

    Source: the mixing function of SplitMix64 (Steele, Lea, Flood 2014).
    """
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Numbers = ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(_BUCKETS)).astype(np.int64)
    return found


def write_tokens(
    path: Path,
    tokenizer: "PreTrainedTokenizerBase",
    folder: Path,
    *,
    is_mixed: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Problems:
    """Tokens, lines and groups of all good rows as files of `folder`; returns what is wrong with the others.

    Raises:
        InvalidRecords: If no row is good.
        EmptyData: If there is no row.
        UnusableChatTemplate: If the records are chats and the tokenizer cannot mark the assistant's turns.
    """
    problems, lines, groups = Problems(), array("q"), array("q")
    shapes: dict[str, RecordShape] = {}
    with TokenWriter(folder, _TOKENS) as writer:
        for done, row in enumerate(checked_rows(path, problems, is_mixed=is_mixed), start=1):
            if row.shape.name not in shapes:
                row.shape.check_tokenizer(tokenizer, row.record)
                shapes[row.shape.name] = row.shape
            if _write(row, tokenizer, writer, problems):
                lines.append(row.line)
                groups.append(group_id(row.record))
            if done % _PROGRESS_EVERY == 0:
                on_progress(done)
    if not shapes:
        raise InvalidRecords(path.name, problems) if problems.count else EmptyData(path.name)
    with disk_errors(folder):
        (folder / _LINES).write_bytes(lines.tobytes())
        (folder / _GROUPS).write_bytes(groups.tobytes())
    sequences = next(iter(shapes.values())).sequences
    write_json(folder / _SHAPE, {"shape": "+".join(sorted(shapes)), "sequences_per_record": sequences})
    return problems


def open_tokenized(folder: Path, file_name: str, *, seed: int) -> TokenizedFile:
    """What `write_tokens` wrote."""
    shape = json.loads((folder / _SHAPE).read_text(encoding="utf-8"))
    return TokenizedFile(
        records=open_tokens(folder, _TOKENS),
        lines=np.fromfile(folder / _LINES, dtype=np.int64),
        groups=group_numbers(np.fromfile(folder / _GROUPS, dtype=np.int64), seed),
        shape=shape["shape"],
        file_name=file_name,
        sequences_per_record=shape["sequences_per_record"],
    )


def _write(row: CheckedRow, tokenizer: "PreTrainedTokenizerBase", writer: TokenWriter, problems: Problems) -> bool:
    try:
        sequences = row.shape.render_all(row.record, tokenizer)
    except CannotRender as exc:
        problems.add(row.line, FieldProblem(exc.field or row.shape.keys[0], str(exc)))
        return False
    if not all(any(rendered.mask[1:]) for rendered in sequences):
        problems.add(row.line, FieldProblem("", "trains no token"), is_untrained=True)
        return False
    for rendered in sequences:
        writer.add(rendered.token_ids, rendered.mask)
    return True
