"""The records of a run as a report: bad rows, lengths, what is cut and what is trained, one as the model sees it."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backend.training.formats.token_cache import TokenCache
from backend.training.formats.tokenizing import (
    TokenizedFile,
    fitting_length,
    open_tokenized,
    tokenize_file,
    untrained,
    write_tokens,
)
from backend.training.formats.validation import InvalidRecords, Problems
from backend.training.utils.token_store import Numbers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SAMPLE_TOKENS = 400
_PERCENTILES = (50, 90, 99)
_FIRST_EDGE = 32


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """A data file with what is wrong in it.

    Args:
        file: Its good rows; None if there is none.
        problems: Everything about the others.
    """

    file: TokenizedFile | None
    problems: Problems = field(default_factory=Problems)


def inspect_file(
    path: Path,
    tokenizer: "PreTrainedTokenizerBase",
    scratch: Path,
    *,
    cache: TokenCache | None,
    seed: int,
    on_progress: Callable[[], None],
) -> InspectedFile:
    """Tokenise a file, as a run would; where rows are bad, the good ones are looked at all the same.

    Raises:
        EmptyData: If there is no row.
        UnreadableFile: If the file is damaged as a whole.
        UnusableChatTemplate: If the records are chats and the tokenizer cannot mark the assistant's turns.
    """

    def go_on(_: int) -> None:
        on_progress()

    try:
        file = tokenize_file(path, tokenizer, scratch, path.name, seed=seed, cache=cache, on_progress=go_on)
        return InspectedFile(file)
    except InvalidRecords:
        folder = scratch / f"good-rows-of-{path.name}"
        folder.mkdir(parents=True, exist_ok=True)
    try:
        problems = write_tokens(path, tokenizer, folder, on_progress=go_on)
    except InvalidRecords as none_is_good:
        return InspectedFile(None, none_is_good.problems)
    return InspectedFile(open_tokenized(folder, path.name, seed=seed), problems)


def describe_tokens(
    file: TokenizedFile, tokenizer: "PreTrainedTokenizerBase", *, asked: int | None, model_limit: int
) -> tuple[Mapping[str, Any], Problems]:
    """Lengths, truncation and a sample of a file, as JSON; and the records that truncation leaves nothing to train.

    Args:
        file: Tokenised.
        tokenizer: Renders the sample.
        asked: `data.max_length`.
        model_limit: What the base model can read.
    """
    length = fitting_length(file.records, asked=asked, model_limit=model_limit)
    lost = untrained(file, length)
    cut = file.records.truncate(length)
    sequences = len(file.records)
    return {
        "shape": file.shape,
        "records": len(file.lines),
        "max_length": length,
        "tokens": {
            "total": cut.tokens,
            "trained": int(cut.trained_tokens().sum()),
            "longest": int(file.records.full_lengths.max()),
            **{f"p{p}": int(np.percentile(file.records.full_lengths, p, method="higher")) for p in _PERCENTILES},
        },
        "histogram": histogram(file.records.full_lengths),
        "truncated": {
            "records": cut.truncated,
            "share": round(cut.truncated / sequences, 4),
            "tokens_lost": int((cut.full_lengths - cut.lengths).sum()),
        },
        "sample": sample(file, tokenizer, max_length=length),
    }, lost


def histogram(lengths: Numbers) -> list[dict[str, int]]:
    """Counts of records by length in doubling classes: up to 32 tokens, up to 64 …

    Args:
        lengths: Tokens of each record, shape (n,).
    """
    edges = [_FIRST_EDGE]
    while edges[-1] < lengths.max():
        edges.append(2 * edges[-1])
    counts = np.diff([0, *(int((lengths <= edge).sum()) for edge in edges)])
    return [{"up_to": edge, "records": int(count)} for edge, count in zip(edges, counts, strict=True)]


def sample(file: TokenizedFile, tokenizer: "PreTrainedTokenizerBase", *, max_length: int) -> dict[str, Any]:
    """The first record as the model sees it, cut into stretches that are trained and stretches that are not."""
    ids, mask = file.records.truncate(min(max_length, _SAMPLE_TOKENS))[0]
    borders = [0, *(np.flatnonzero(np.diff(mask)) + 1).tolist(), len(ids)]
    pieces = [
        {"text": str(tokenizer.decode(ids[start:end].tolist())), "is_trained": bool(mask[start])}
        for start, end in itertools.pairwise(borders)
        if end > start
    ]
    return {
        "line": int(file.lines[0]),
        "pieces": pieces,
        "is_whole": bool(file.records.full_lengths[0] <= len(ids)),
    }
