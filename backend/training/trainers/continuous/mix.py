"""The records of a continuous run: new feedback, some of it held out, and a seeded choice of earlier records.

Which prompts are held out is told by a hash of the prompt, so the same prompt is never both trained on and measured:
held-out prompts, and those of golden records, are left out of everything that is trained.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import Record
from backend.training.formats.rows import read_rows
from backend.training.trainers.base import TrainingContext
from backend.training.trainers.continuous.records import FeedbackRow, is_usable, prompt_key, read_feedback
from backend.training.training_config import ContinuousSection
from shared.errors import InvalidInput
from shared.storage import disk_errors
from shared.utils.splitting import bucket_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

COUNTS = ("new_records", "held_out_records", "replayed_records")
FEWEST_MEASURED = 10
"""Prompts that are held out, and golden records, at least: a bound from fewer is no bound."""
OTHER_PROMPTS = 4
"""With how many other prompts each held-out answer is measured."""


class TooFewPrompts(InvalidInput):
    """New feedback on so few different prompts that nothing can be held out."""

    code = "too_few_prompts"

    def __init__(self, found: int) -> None:
        super().__init__(
            f"The new feedback has {found} different prompts that this base model can be asked; a continuous run needs "
            f"{2 * FEWEST_MEASURED}, of which {FEWEST_MEASURED} are held out.",
            found=found,
            needed=2 * FEWEST_MEASURED,
        )


class TooFewGolden(InvalidInput):
    """So few golden records that nobody could say whether they got worse."""

    code = "too_few_golden"

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"{path.name} holds {found} records; {FEWEST_MEASURED} golden records are needed to tell whether a "
            "candidate is worse. Name another file (continuous.golden_file) or a dataset with a larger test split.",
            file=path.name,
            found=found,
            needed=FEWEST_MEASURED,
        )


@dataclass(frozen=True, slots=True)
class Mix:
    """Files of one attempt, the same for every attempt.

    Args:
        train: What is trained on; records may have different shapes.
        held_out: New records that are not.
        others: The answers of `held_out` after other prompts, in `OTHER_PROMPTS` rounds over all of them.
        counts: Records by `COUNTS`.
    """

    train: Path
    held_out: Path
    others: Path
    counts: Mapping[str, int]

    def as_text(self) -> str:
        """For the other ranks of the run."""
        return json.dumps([str(self.train), str(self.held_out), str(self.others), dict(self.counts)])

    @classmethod
    def from_text(cls, text: str) -> "Mix":
        """What `as_text` gave."""
        train, held_out, others, counts = json.loads(text)
        return cls(Path(train), Path(held_out), Path(others), counts)


def write_mix(
    context: TrainingContext, tokenizer: "PreTrainedTokenizerBase", *, limit: int, on_progress: Callable[[], None]
) -> Mix:
    """Write the records of a run into its scratch folder.

    Args:
        context: Of the attempt; `data.train` is the feedback.
        tokenizer: Of the base model.
        limit: Tokens that are kept of a record.
        on_progress: Called now and then; may raise to stop.

    Raises:
        TooFewPrompts: If too little can be held out.
        TooFewGolden: If there is too little to compare on.
        DiskFull: If there is no space.
    """
    return _MixWriter(context, tokenizer, limit, on_progress).write()


def held_out_keys(keys: Iterable[str], section: ContinuousSection, seed: int) -> frozenset[str]:
    """The keys that are held out: the smallest of a seeded hash, so each key's fate depends on little but itself.

    Raises:
        TooFewPrompts: If there are not twice as many keys as have to be held out.
    """
    ordered = sorted(keys, key=lambda key: (bucket_of(key, seed), key))
    if len(ordered) < 2 * FEWEST_MEASURED:
        raise TooFewPrompts(len(ordered))
    wanted = max(FEWEST_MEASURED, round(section.held_out_share * len(ordered)))
    return frozenset(ordered[: min(wanted, section.comparison_limit)])


def with_other_prompts(rows: Sequence[FeedbackRow], record_format: str) -> Iterator[dict[str, Any]]:
    """Every answer after prompts that are not its own: `OTHER_PROMPTS` rounds over `rows`, each shifted further."""
    for round_no in range(1, OTHER_PROMPTS + 1):
        shift = round_no * len(rows) // (OTHER_PROMPTS + 1) or 1
        for index, row in enumerate(rows):
            others = (rows[(index + shift + more) % len(rows)] for more in range(len(rows)))
            other = next(other for other in others if other.key != row.key)
            yield row.record(record_format, prompt=other.prompt)


class _MixWriter:
    """Reads feedback and earlier records line by line, as often as it takes: neither has to fit into memory."""

    def __init__(
        self,
        context: TrainingContext,
        tokenizer: "PreTrainedTokenizerBase",
        limit: int,
        on_progress: Callable[[], None],
    ) -> None:
        assert context.data.continuous is not None  # noqa: S101 - narrows the type; only this trainer gets here
        self._feedback = context.data.train
        self._replay = context.data.continuous.replay
        self._golden = context.data.continuous.golden
        self._section = context.config.continuous
        self._seed = context.config.training.seed
        self._folder = context.scratch_dir
        self._tokenizer = tokenizer
        self._limit = limit
        self._on_progress = on_progress
        self._counts: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))

    def write(self) -> Mix:
        golden = self._golden_prompts()
        new = {row.key for row in self._new()}
        held_out = held_out_keys(new, self._section, self._seed)
        measured = [row for row in self._new() if row.key in held_out]
        record_format = self._section.record_format
        return Mix(
            self._file("mix", self._mixed(new, golden | held_out)),
            self._file("held_out", (row.record(record_format) for row in measured)),
            self._file("others", with_other_prompts(measured, record_format)),
            {**self._counts, "held_out_records": len(measured)},
        )

    def _golden_prompts(self) -> set[str]:
        keys: set[str] = set()
        records = 0
        for row in read_rows(self._golden):
            records += 1
            if row.record is not None and (key := prompt_key(row.record)) is not None:
                keys.add(key)
        if records < FEWEST_MEASURED:
            raise TooFewGolden(self._golden, records)
        return keys

    def _new(self) -> Iterator[FeedbackRow]:
        """New feedback that this base model can learn from."""
        for row in read_feedback(self._feedback):
            if row.is_new and self._is_usable(row.record(self._section.record_format)):
                yield row

    def _mixed(self, new: Set[str], forbidden: Set[str]) -> Iterator[Record]:
        fresh = 0
        for row in self._new():
            if row.key not in forbidden:
                self._counts["new_records"] += 1
                fresh += row.importance
                yield from self._copies(row)
        yield from self._replayed(new, forbidden, fresh)

    def _replayed(self, new: Set[str], forbidden: Set[str], fresh: int) -> Iterator[Record]:
        """As many earlier records as make up their share of the mix, chosen by the seed from all there are."""
        share = self._section.replay_share
        wanted = round(fresh * share / (1 - share))
        size = sum(1 for _ in self._earlier(new, forbidden))
        chosen = frozenset(random.Random(self._seed).sample(range(size), min(wanted, size)))  # noqa: S311 - no secret
        for index, record in enumerate(self._earlier(new, forbidden)):
            if index in chosen and self._is_usable(record):
                self._counts["replayed_records"] += 1
                yield record

    def _earlier(self, new: Set[str], forbidden: Set[str]) -> Iterator[Record]:
        for row in read_feedback(self._feedback):
            # what is said now of a prompt takes the place of what was said before
            if not row.is_new and row.key not in forbidden and row.key not in new:
                yield from self._copies(row)
        for line in read_rows(self._replay) if self._replay is not None else ():
            self._on_progress()
            if line.record is not None and prompt_key(line.record) not in forbidden:
                yield line.record

    def _copies(self, row: FeedbackRow) -> list[dict[str, Any]]:
        return [row.record(self._section.record_format)] * row.importance

    def _is_usable(self, record: Record) -> bool:
        self._on_progress()
        return is_usable(record, self._tokenizer, self._limit)

    def _file(self, name: str, records: Iterable[Record]) -> Path:
        path = self._folder / f"{name}.jsonl"
        with disk_errors(path), path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return path
