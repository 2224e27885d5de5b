"""Build a dataset: assess what was found, split by document, write records, statistics and exports.

    found sections -> quality, rulings -> spool -> repetitions, evaluation texts -> merge and cut -> personal data
        -> records -> exports

Nothing is visible before it is whole: records, quality notes and every export are published folders, and the database
learns of them last. The same sections, rulings, evaluation sets and plan give the same bytes, however often the build
is repeated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.datasets.build_errors import NothingKept, NothingMatched
from backend.datasets.build_outputs import Report, publish_exports, publish_report_of
from backend.datasets.build_plan import BuildPlan, BuildResult
from backend.datasets.pii.treating import DeedCounts
from backend.datasets.quality.apart import Judge, PipelineApart
from backend.datasets.quality.batches import batched
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.content import ContentHash, json_line
from backend.datasets.records.decontaminating import Decontamination
from backend.datasets.records.instructions import Instructions
from backend.datasets.records.judging import RulingsOf, judged_sections
from backend.datasets.records.passages import passages
from backend.datasets.records.personal import TreatedPassage, without_personal_data
from backend.datasets.records.render import bodies_of, joined, provenance_of, record_of
from backend.datasets.records.repetitions import RepetitionFinder
from backend.datasets.records.twins import SplitTwinPassages
from backend.datasets.report.file_names import DETAILS
from backend.datasets.report.strata import split_strata
from backend.datasets.splits import ALGORITHM, TextOwners, text_hash
from backend.datasets.spool import CONTAMINATED, DUPLICATE, Spool
from shared.models.dataset import RecordProvenance, Split
from shared.storage import Manifest, stage

LOW_SCORE = "low_score"
PERSONAL_DATA = "personal_data"
SPLIT_TWIN = "split_twin"
_REPORT_EVERY = 500
_PROVENANCE_BATCH = 1_000


class DatasetBuild:
    """One attempt at a dataset.

    Args:
        plan: What to build.
        rulings_of: What people decided about texts.
        keep_provenance: Takes batches of provenance rows.
        report: Takes progress.
    """

    def __init__(
        self,
        plan: BuildPlan,
        *,
        rulings_of: RulingsOf,
        keep_provenance: Callable[[Sequence[RecordProvenance]], None],
        report: Report,
    ) -> None:
        self._plan = plan
        self._rulings_of = rulings_of
        self._keep_provenance = keep_provenance
        self._report = report
        self._quality = QualityPipeline(plan.quality, fluency=plan.fluency)
        self._judge: Judge = self._quality
        self._instructions = Instructions.load()
        self._rows = {split.value: 0 for split in Split}
        self._content = ContentHash()
        self._owners = TextOwners()
        self._deeds = DeedCounts()
        self._decontamination: Decontamination | None = None
        self._cluster_count = 0
        self._dropped: dict[tuple[str, int], str] = {}

    def run(self, found: Iterable[Candidate]) -> BuildResult:
        """Build everything from the found sections.

        Raises:
            NothingMatched: If there are none.
            NothingKept: If none is good enough.
            UnusableEvaluationSet: If an evaluation set cannot be read.
        """
        if self._plan.evaluation_sets is not None:
            self._decontamination = Decontamination(self._plan.evaluation_sets)
        self._plan.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".spool-", dir=self._plan.folder) as scratch:
            spool = Spool(Path(scratch) / "found.sqlite")
            try:
                with self._judging():
                    self._collect(found, spool, Path(scratch))
                    self._drop_giveaways(spool)
                    with SplitTwinPassages(Path(scratch)) as twins:
                        manifest = self._publish_records(spool, twins)
                told_of_sections = self._describe_sections(spool)
                self._publish_quality(spool)
            finally:
                spool.close()
        exports, told_of_records = publish_exports(self._plan, self._report)
        statistics = {**told_of_records, **told_of_sections}
        publish_report_of(
            self._plan,
            statistics,
            content_sha256=self._content.hex,
            quality_profile=self._quality.profile_version,
        )
        self._report("report", 1)
        return self._result(manifest, statistics, exports)

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Have texts judged beside all else where another process may be used, while they have to be."""
        if self._plan.processes == 1 or not self._plan.measuring:
            yield
            return
        fluency = Path(self._plan.measuring["fluency"]) if self._plan.fluency else None
        apart = self._judge = PipelineApart(
            self._plan.measuring["profile"],
            fluency,
            profile_version=self._quality.profile_version,
            language=self._quality.language,
        )
        try:
            yield
        finally:
            apart.close()

    def _collect(self, found: Iterable[Candidate], spool: Spool, scratch: Path) -> None:
        number = 0
        with RepetitionFinder(mode=self._plan.deduplicate, scratch=scratch) as repetitions:
            for number, judged in enumerate(judged_sections(found, self._judge, self._rulings_of), start=1):
                split = self._plan.split.split(judged.candidate.stored.path)
                is_new = spool.add(judged, split=split, text_hash=text_hash(judged.text))
                if is_new and judged.reason_to_drop is None:
                    # whatever its score: a higher threshold must never let in what a better text stood for
                    repetitions.add(judged.candidate)
                if number % _REPORT_EVERY == 0:
                    self._report("search", number)
            if number == 0:
                raise NothingMatched(self._plan.query_text)
            self._report("search", number)
            for self._cluster_count, repetition in enumerate(repetitions.found(), start=1):
                spool.keep_one(repetition)
        spool.settle()

    def _drop_giveaways(self, spool: Spool) -> None:
        # behind the repetitions, when splits are settled; nobody trains on the test split
        if self._decontamination is not None:
            trained_on = (Split.TRAIN, Split.VALIDATION)
            spool.drop_giveaways(
                self._decontamination.giveaways(lambda: chain.from_iterable(map(spool.candidates, trained_on)))
            )

    def _publish_records(self, spool: Spool, twins: SplitTwinPassages) -> Manifest:
        for split in list(Split)[1:]:
            twins.hold(split, (treated for treated, _ in self._treated(spool, split)))
        with stage(self._plan.records_dir) as staged:
            for split in Split:
                provenance = self._write_split(spool, twins, split, staged.path / f"{split.value}.jsonl")
                while batch := list(islice(provenance, _PROVENANCE_BATCH)):
                    self._keep_provenance(batch)
                    self._report("records", self._record_count)
            spool.drop_all(self._dropped)
            if self._record_count == 0:
                raise NothingKept(spool.found(), spool.drop_counts())
            return staged.publish(
                {
                    "dataset_id": self._plan.dataset_id,
                    "content_sha256": self._content.hex,
                    "record_format": self._plan.record_format.value,
                    "quality_profile": self._quality.profile_version,
                    "personal_data_policy": self._plan.personal_data.policy_key,
                    "split": {
                        "algorithm": ALGORITHM,
                        "seed": self._plan.split.seed,
                        "shares": dict(self._plan.split.shares),
                    },
                    "rows": dict(self._rows),
                    **({"contamination": self._decontamination.properties} if self._decontamination else {}),
                }
            )

    def _treated(self, spool: Spool, split: Split) -> Iterator[tuple[TreatedPassage, list[str]]]:
        """Passages of a split, and their bodies as they were before; the same ones whenever they are asked for."""
        for passage in passages(spool.candidates(split), max_characters=self._plan.max_characters):
            bodies = bodies_of(passage)
            yield without_personal_data(passage, bodies, self._plan.personal_data), bodies

    def _write_split(
        self, spool: Spool, twins: SplitTwinPassages, split: Split, path: Path
    ) -> Iterator[RecordProvenance]:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            scored = self._scored(self._treated(spool, split))
            for (treated, score), is_twin in zip(scored, twins.in_order(split), strict=False):
                passage = treated.passage
                reason = self._reason_to_drop(treated, score, split, is_twin=is_twin)
                if reason in (None, LOW_SCORE):
                    twins.see(split, treated)
                if reason in (None, PERSONAL_DATA):
                    self._deeds.add(treated.deeds)
                if reason is not None:
                    self._dropped.update(
                        {(each.document_key, each.section.ordinal): reason for each in passage.candidates}
                    )
                    continue
                record = record_of(
                    treated.passage,
                    bodies=treated.bodies,
                    record_format=self._plan.record_format,
                    split=split,
                    quality_score=score,
                    quality_profile=self._quality.profile_version,
                    instructions=self._instructions,
                )
                stream.write(json_line(record) + "\n")
                self._content.add(record)
                self._rows[split.value] += 1
                yield provenance_of(passage, record, split)

    def _scored(self, found: Iterable[tuple[TreatedPassage, list[str]]]) -> Iterator[tuple[TreatedPassage, float]]:
        """Passages and their quality: of the whole section where one is a part, measured anew where merged."""
        for batch in batched(found, size_of=lambda each: sum(map(len, each[1]))):
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

    @property
    def _record_count(self) -> int:
        return sum(self._rows.values())

    def _describe_sections(self, spool: Spool) -> dict[str, Any]:
        """What the statistics say of sections; `describe_records` adds what they say of records."""
        found, dropped = spool.found(), spool.drop_counts()
        sizes = spool.cluster_sizes()
        return {
            "sections": {"found": found, "kept": found - sum(dropped.values()), "dropped": dropped},
            "clusters": self._cluster_count,
            "duplicates": {
                "clusters": self._cluster_count,
                "sections": sum(size * count for size, count in sizes.items()),
                "sizes": {str(size): count for size, count in sizes.items()},
            },
            "languages": spool.kept_by("language"),
            "years": spool.kept_by("year"),
            "split_strata": split_strata(spool.strata(), self._plan.split.shares),
            "personal_data": {"policy": self._plan.personal_data.policy_key, "kinds": self._deeds.as_json()},
            "contamination": self._decontamination and self._decontamination.as_json(dropped.get(CONTAMINATED, 0)),
            "quality_profile": self._quality.profile_version,
        }

    def _publish_quality(self, spool: Spool) -> None:
        """Every found section with its signals and its fate, beside the records: what was dropped can be looked up."""
        with stage(self._plan.folder / "quality") as staged:
            with (staged.path / "sections.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(json_line(outcome) + "\n" for outcome in spool.outcomes())
            staged.publish({"quality_profile": self._quality.profile_version})

    def _result(self, manifest: Manifest, statistics: Mapping[str, Any], exports: Mapping[str, Path]) -> BuildResult:
        return BuildResult(
            records_dir=self._plan.records_dir,
            manifest_sha256=manifest.sha256,
            content_sha256=self._content.hex,
            document_count=statistics["documents"],
            record_count=statistics["records"],
            total_tokens=statistics["tokens"]["total"],
            quality_score_avg=statistics["quality"]["mean"],
            export_paths=exports,
            statistics={name: value for name, value in statistics.items() if name not in DETAILS},
        )
