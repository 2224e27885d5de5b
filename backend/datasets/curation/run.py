"""A quality run: measure what is new, judge everything, put what is doubtful on the review list.

Killed at any instant and run again it goes on where it stood: a bucket's file is whole or not there, the review list is
only shortened once everything was judged, and rulings are never touched. Each task removes what nobody needs any more,
so there is one at a time.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.curation.alone import alone
from backend.datasets.curation.bucket_number import remember_count, remembered_count
from backend.datasets.curation.buckets import Bucket, bucket_count, buckets_of, state_of
from backend.datasets.curation.duplicate_file import DuplicateFile
from backend.datasets.curation.executors import Executor
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.measuring import measuring_key
from backend.datasets.curation.signal_files import SignalFiles
from backend.datasets.curation.tally import Tally, final_decision
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, Decision, QualityPipeline
from backend.datasets.quality.signal_table import SignalTable
from shared.database.base import DocumentStore
from shared.database.review_store import ReviewStore
from shared.models.review import Doubt, ReviewState, text_key_of

_DOUBTS = 500

OnProgress = Callable[[str, int, int], None]
"""Called with a stage, how many sections are done, and of how many."""

ExecutorOf = Callable[[SignalFiles], Executor]
"""Who measures into these files."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A section with what the profile says of it."""

    section_id: str
    document_id: str
    text_key: str
    words: int
    characters: int
    personal_data: Mapping[str, int]
    assessment: Assessment
    ruling: ReviewState | None


class Curation:
    """Quality over all registered documents. Whatever measures or judges belongs into `alone`.

    Args:
        documents: The truth.
        reviews: Doubts and rulings.
        folder: Where signals are kept, of quality alone.
        pipeline: Measures and judges.
        executor_of: Who measures.
    """

    def __init__(
        self,
        documents: DocumentStore,
        reviews: ReviewStore,
        folder: Path,
        pipeline: QualityPipeline,
        executor_of: ExecutorOf,
    ) -> None:
        self._documents = documents
        self._reviews = reviews
        self._home = folder
        self._root = folder / "signals"
        self._pipeline = pipeline
        self._folder = self._root / measuring_key(pipeline)
        self._files = SignalFiles(self._folder)
        self._executor = executor_of(self._files)
        self._duplicates = folder / "duplicates"

    @contextmanager
    def alone(self, task: str) -> Iterator[None]:
        """No other task while the block lasts; what was erased meanwhile is forgotten at its end.

        Args:
            task: As `clara quality` names it.

        Raises:
            QualityIsBusy: If there is another one.
        """
        with alone(self._home, task):
            yield
            self._forget_former_states()

    def measure(self, on_progress: OnProgress) -> list[Bucket]:
        """Measure every section that was not measured in its present state; returns all buckets.

        Raises:
            MeasuringFailed: If a bucket cannot be measured; what was done before stays.
            Unavailable: If documents cannot be read or signals not be written.
        """
        buckets = self._buckets()
        self._measure(buckets, on_progress)
        return buckets

    def _measure(self, buckets: Sequence[Bucket], on_progress: OnProgress) -> None:
        stale = [bucket for bucket in buckets if not self._files.is_done(bucket)]
        total, done = sum(each.sections for each in stale), 0
        on_progress("measure", 0, total)
        for bucket in self._executor.measure(stale):
            done += bucket.sections
            on_progress("measure", done, total)
        self._files.sweep(buckets)

    def judge(self, buckets: Sequence[Bucket], on_progress: OnProgress) -> Iterator[Judged]:
        """Every section under the profile, bucket by bucket."""
        total, done = sum(each.sections for each in buckets), 0
        for measured in self._files.read_all(buckets):
            yield from self._judged(measured)
            done += len(measured.section_ids)
            on_progress("judge", done, total)

    def duplicates(self, buckets: Sequence[Bucket]) -> DuplicateFile:
        """Which sections duplicate which; found anew where a document has changed."""
        found = DuplicateFile(self._duplicates, state_of(buckets))
        if not found.is_done:
            found.find(self._documents.iter_sections())
        return found

    def accepted(self, on_progress: OnProgress) -> Iterator[tuple[str, str]]:
        """Document id and normalised text of every section that the profile keeps, or a person does."""
        buckets = self.measure(on_progress)
        kept = {each.text_key for each in self.judge(buckets, on_progress) if is_accepted(each)}
        for stored in self._documents.iter_sections():
            text = normalise(stored.section.text)
            if text_key_of(text) in kept:
                yield stored.document_id, text

    def preview(self, on_progress: OnProgress) -> Tally:
        """What the profile would do, without doing it."""
        buckets, duplicates = self._measured_and_compared(on_progress)
        return self._tallied(self.judge(buckets, on_progress), duplicates)

    def run(self, run_id: str, on_progress: OnProgress) -> Tally:
        """Judge everything and bring the review list up to date."""
        buckets, duplicates = self._measured_and_compared(on_progress)
        doubts: list[Doubt] = []

        def noted(sections: Iterator[Judged]) -> Iterator[Judged]:
            for each in sections:
                if each.ruling is None and each.assessment.decision is Decision.REVIEW:
                    doubts.append(_doubt(each))
                    if len(doubts) >= _DOUBTS:
                        self._reviews.doubt(doubts, run_id=run_id)
                        doubts.clear()
                yield each

        tally = self._tallied(noted(self.judge(buckets, on_progress)), duplicates)
        self._reviews.doubt(doubts, run_id=run_id)
        self._reviews.settle(run_id)
        self._forget_other_ways()
        return tally

    def _measured_and_compared(self, on_progress: OnProgress) -> tuple[list[Bucket], DuplicateFile]:
        """Both at once: this process has nothing else to do while its workers measure."""
        buckets = self._buckets()
        with ThreadPoolExecutor(1, thread_name_prefix="duplicates") as beside:
            compared = beside.submit(self.duplicates, buckets)
            self._measure(buckets, on_progress)
            if not compared.done():
                on_progress("duplicates", 0, 0)
            return buckets, compared.result()

    def _buckets(self) -> list[Bucket]:
        sections = sum(each.section_count for each in self._documents.iter_held())
        count = bucket_count(sections, present=remembered_count(self._root))
        remember_count(self._root, count)
        return buckets_of(self._documents.iter_held(), count)

    def _judged(self, measured: MeasuredSections) -> Iterator[Judged]:
        rulings = self._reviews.rulings(measured.text_keys)
        assessments = self._pipeline.judge(SignalTable(measured.signals, measured.words))
        rows = zip(
            measured.section_ids,
            measured.document_ids,
            measured.text_keys,
            measured.words.tolist(),
            measured.characters.tolist(),
            measured.personal_data,
            assessments,
            strict=True,
        )
        for section_id, document_id, key, words, characters, personal, assessment in rows:
            yield Judged(section_id, document_id, key, words, characters, personal, assessment, rulings.get(key))

    def _tallied(self, sections: Iterator[Judged], duplicates: DuplicateFile) -> Tally:
        tally = Tally()
        for each in sections:
            tally.add(each.section_id, each.assessment, each.ruling)
            tally.words += each.words
            tally.characters += each.characters
            tally.add_personal_data(each.personal_data)
        for duplicate in duplicates.read():
            tally.add_duplicate(duplicate)
        return tally

    def _forget_former_states(self) -> None:
        """An erased document may have been measured before it was erased, and its figures written afterwards."""
        buckets = self._buckets()
        self._files.sweep(buckets)
        DuplicateFile(self._duplicates, state_of(buckets)).sweep()

    def _forget_other_ways(self) -> None:
        """Figures of earlier filters are of no use to anybody."""
        for folder in self._root.iterdir():
            if folder.is_dir() and folder != self._folder:
                shutil.rmtree(folder, ignore_errors=True)


def is_accepted(judged: Judged) -> bool:
    """Whether a text belongs to the corpus that others are compared with: nobody and nothing doubts it."""
    return final_decision(judged.assessment, judged.ruling) is Decision.KEEP


def _doubt(judged: Judged) -> Doubt:
    return Doubt(
        judged.text_key,
        judged.section_id,
        judged.document_id,
        judged.assessment.score,
        judged.assessment.reasons,
        judged.assessment.profile_version,
    )
