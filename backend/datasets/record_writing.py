"""Write the records of a build: passages, judged, without personal data, without twins, one split after the other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from backend.datasets.build_plan import BuildPlan
from backend.datasets.lineage import LineageWriter
from backend.datasets.pii.treating import DeedCounts
from backend.datasets.quality.apart import Judge
from backend.datasets.quality.batches import batched
from backend.datasets.records.candidates import Place
from backend.datasets.records.content import ContentHash, json_line
from backend.datasets.records.draft_twins import SplitTwinDrafts
from backend.datasets.records.drafting import Drafter, KeptPassage
from backend.datasets.records.drafts import Draft
from backend.datasets.records.passages import Passage, passages
from backend.datasets.records.personal import TreatedPassage, without_personal_data
from backend.datasets.records.record_frame import RecordFrame
from backend.datasets.records.render import bodies_of, joined, provenance_of
from backend.datasets.records.twins import SplitTwinPassages
from backend.datasets.splits import TextOwners
from backend.datasets.spool import DUPLICATE, Spool
from shared.models.dataset import RecordProvenance, Split

LOW_SCORE = "low_score"
PERSONAL_DATA = "personal_data"
SPLIT_TWIN = "split_twin"


class RecordWriter:
    """Writes all splits in their order, each once.

    Args:
        plan: What the build makes.
        spool: Found sections of which it is settled which ones go on.
        twins: Tells which passages an earlier split says already.
        draft_twins: Tells it of drafts.
        judge: Judges what was merged.
        drafter: Writes the words.
        lineage: Takes every record.
    """

    def __init__(
        self,
        plan: BuildPlan,
        spool: Spool,
        twins: SplitTwinPassages,
        draft_twins: SplitTwinDrafts,
        *,
        judge: Judge,
        drafter: Drafter,
        lineage: LineageWriter,
    ) -> None:
        self._plan = plan
        self._spool = spool
        self._twins = twins
        self._draft_twins = draft_twins
        self._judge = judge
        self._drafter = drafter
        self._frame = RecordFrame(plan.record_format, judge.profile_version, plan.counter)
        self._lineage = lineage
        self._owners = TextOwners()
        self._used: frozenset[Place] = frozenset()
        self.rows = {split.value: 0 for split in Split}
        self.templates: Counter[str] = Counter()
        """Template -> records."""
        self.content = ContentHash()
        self.deeds = DeedCounts()
        self.dropped: dict[Place, str] = {}
        """Sections of which no part is used -> why."""

    @property
    def record_count(self) -> int:
        """Written so far."""
        return sum(self.rows.values())

    def begin(self) -> None:
        """Look at everything before the first record is written."""
        self._drafter.begin(self._spool.remaining())
        for split in list(Split)[1:]:
            for batch in batched(self._treated(split), size_of=_size_of):
                passages_of_batch = [treated for treated, _ in batch]
                self._twins.hold(split, passages_of_batch)
                self._draft_twins.hold(split, passages_of_batch)

    def write(self, split: Split, path: Path) -> Iterator[RecordProvenance]:
        """Write a split to a file while the provenance of its records is drawn."""
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for kept, drafts in self._worded(split):
                passage = kept.treated.passage
                for draft in drafts:
                    record = self._frame.record(kept, draft)
                    stream.write(json_line(record) + "\n")
                    self.content.add(record)
                    self.rows[split.value] += 1
                    self.templates[draft.template] += 1
                    provenance = provenance_of(passage, record, split)
                    self._lineage.add(record, provenance, document_key=passage.first.document_key)
                    yield provenance

    def _treated(self, split: Split) -> Iterator[tuple[TreatedPassage, list[str]]]:
        """Passages of a split, and their bodies as they were before; the same ones whenever they are asked for."""
        for passage in passages(self._spool.candidates(split), limit=self._plan.limit):
            bodies = bodies_of(passage)
            yield without_personal_data(passage, bodies, self._plan.personal_data), bodies

    def _worded(self, split: Split) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """Passages of a split with the drafts that become records."""
        for kept, drafts in self._drafter.drafted(self._kept(split)):
            passage = kept.treated.passage
            new = self._draft_twins.without_twins(passage, drafts, split)
            self._draft_twins.see(split, new)
            if new:
                self._use(passage)
                yield kept, new
            else:
                self._drop(passage, SPLIT_TWIN if drafts else self._drafter.reason)

    def _kept(self, split: Split) -> Iterator[KeptPassage]:
        """Passages of a split that records are made of."""
        scored = self._scored(self._treated(split))
        for (treated, score), is_twin in zip(scored, self._twins.in_order(split), strict=False):
            reason = self._reason_to_drop(treated, score, split, is_twin=is_twin)
            if reason in (None, LOW_SCORE):
                self._twins.see(split, treated)
            if reason == LOW_SCORE:
                self._draft_twins.see_unwritten(split, treated)
            if reason in (None, PERSONAL_DATA):
                self.deeds.add(treated.deeds)
            if reason is None:
                yield KeptPassage(treated, score, split)
            else:
                self._drop(treated.passage, reason)

    def _scored(self, found: Iterable[tuple[TreatedPassage, list[str]]]) -> Iterator[tuple[TreatedPassage, float]]:
        """Passages and their quality: of the whole section where one is a part, measured anew where merged."""
        for batch in batched(found, size_of=_size_of):
            merged = [joined(bodies) for treated, bodies in batch if len(treated.passage.candidates) > 1]
            anew = iter(self._judge.assess_many(merged))
            for treated, _ in batch:
                is_merged = len(treated.passage.candidates) > 1
                yield treated, next(anew).score if is_merged else treated.passage.first.quality

    def _reason_to_drop(self, treated: TreatedPassage, score: float, split: Split, *, is_twin: bool) -> str | None:
        if treated.is_dropped:
            return PERSONAL_DATA
        # texts are registered whatever their score: a higher threshold must never let a duplicate in again
        if not self._owners.admits(joined(treated.bodies), split):
            return DUPLICATE
        if is_twin:
            return SPLIT_TWIN
        is_spared = any(each.is_spared for each in treated.passage.candidates)
        return LOW_SCORE if score < self._plan.min_quality_score and not is_spared else None

    def _use(self, passage: Passage) -> None:
        self._used = frozenset(each.place for each in passage.candidates)
        for place in self._used:
            self.dropped.pop(place, None)

    def _drop(self, passage: Passage, reason: str) -> None:
        # a section of which any part is used is not left out; its parts come one after the other
        left_out = [each.place for each in passage.candidates if each.place not in self._used]
        self.dropped.update(dict.fromkeys(left_out, reason))


def _size_of(found: tuple[TreatedPassage, list[str]]) -> int:
    return sum(map(len, found[1]))
