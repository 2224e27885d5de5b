"""Build a dataset: assess what was found, split by document, write records, statistics, exports and a report.

    found sections -> quality, rulings -> spool -> repetitions, evaluation texts -> merge and cut -> personal data
        -> twins across splits -> drafts -> twins again -> records -> statistics -> exports -> report

Nothing is visible before it is whole: records, quality notes, exports and the report are published folders, and the
database learns of them last. The same sections, rulings, evaluation sets and plan give the same bytes, however often
the build is repeated, and wherever it was killed: it goes on from the stages that an earlier attempt finished
(`stages.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.datasets.build_errors import NothingKept, NothingMatched, SplitLeak
from backend.datasets.build_outputs import Report, publish_exports, publish_report_of
from backend.datasets.build_plan import BuildPlan, BuildResult
from backend.datasets.build_words import records_properties, told_of_sections
from backend.datasets.lineage import LineageWriter
from backend.datasets.quality.apart import Judge, PipelineApart
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.record_writing import RecordWriter
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.content import json_line
from backend.datasets.records.decontaminating import Decontamination
from backend.datasets.records.draft_twins import SplitTwinDrafts
from backend.datasets.records.drafting import Drafter, drafter_for
from backend.datasets.records.judging import RulingsOf, judged_sections
from backend.datasets.records.repetitions import RepetitionFinder
from backend.datasets.records.twins import SplitTwinPassages
from backend.datasets.report.file_names import DETAILS
from backend.datasets.resuming import PROVENANCE_BATCH, taken_over
from backend.datasets.splits import text_hash
from backend.datasets.spool import Spool
from backend.datasets.stages import BuildStages, Stage, clear_stages
from backend.datasets.version_hash import parameters_of, plan_key
from shared.models.dataset import RecordProvenance, Split
from shared.storage import Manifest, disk_errors, make_folder, stage

_REPORT_EVERY = 500


class DatasetBuild:
    """One attempt at a dataset.

    Args:
        plan: What to build.
        rulings_of: What people decided about texts.
        keep_provenance: Takes batches of provenance rows.
        report: Takes progress.
        stage_done: Is told of every finished stage.
        drafter: Writes the words of records; None: the plan's shape with the default templates.
    """

    def __init__(
        self,
        plan: BuildPlan,
        *,
        rulings_of: RulingsOf,
        keep_provenance: Callable[[Sequence[RecordProvenance]], None],
        report: Report,
        stage_done: Callable[[Stage], None] = lambda _: None,
        drafter: Drafter | None = None,
    ) -> None:
        self._plan = plan
        self._stage_done = stage_done
        self._rulings_of = rulings_of
        self._keep_provenance = keep_provenance
        self._report = report
        self._quality = QualityPipeline(plan.quality, fluency=plan.fluency)
        self._judge: Judge = self._quality
        self._drafter = drafter or drafter_for(plan.record_format)
        self._decontamination: Decontamination | None = None
        self._cluster_count = 0

    def run(self, found: Iterable[Candidate], *, notes: Callable[[], Mapping[str, Any]] = dict) -> BuildResult:
        """Build everything from the found sections, or go on from what an earlier attempt finished.

        Args:
            found: Begun only if an earlier attempt did not get to its end.
            notes: What the statistics shall say about the search, asked at its end.

        Raises:
            NothingMatched: If there are none.
            NothingKept: If none is good enough.
            UnusableEvaluationSet: If an evaluation set cannot be read.
            SplitLeak: If the finished records leak after all.
            DiskFull: If the disk is full.
            NotWritable: If it cannot be written.
        """
        if self._plan.evaluation_sets is not None:
            self._decontamination = Decontamination(self._plan.evaluation_sets)
        with disk_errors(self._plan.folder):
            make_folder(self._plan.folder)
        self._parameters = parameters_of(
            self._plan,
            quality_profile=self._quality.profile_version,
            measuring=self._quality.measuring_version,
            drafting=self._drafter.parameters(),
            contamination=self._decontamination.properties if self._decontamination else None,
        )
        key = plan_key(self._plan, self._parameters)
        self._stages = BuildStages(self._plan.folder, key, finished=self._stage_done)
        try:
            with disk_errors(self._plan.folder):
                written = taken_over(self._stages, self._plan, self._keep_provenance) or self._write(found, notes)
                return self._tell(written)
        except Exception:
            # only what was killed goes on; what failed leaves nothing
            clear_stages(self._plan.folder)
            raise

    def _write(self, found: Iterable[Candidate], notes: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Everything up to the records, and what is told of their sections."""
        with (
            TemporaryDirectory(prefix=".spool-", dir=self._plan.folder) as scratch,
            self._judging(),
            ExitStack() as open_files,
        ):
            spool, told = self._settled(found, notes, Path(scratch), open_files)
            lineage = open_files.enter_context(closing(LineageWriter(Path(scratch))))
            written = self._publish_records(spool, lineage, Path(scratch))
            self._publish_quality(spool)
            written["sections"] = {**written["sections"], **told}
            written["version_sha256"] = lineage.publish(self._plan.lineage_dir, spool.used(), self._parameters)
            self._stages.keep(Stage.WRITTEN, written, documents=spool.document_ids())
        # as it is read back: a build that goes on tells the very same
        return self._stages.facts(Stage.WRITTEN) or written

    def _settled(
        self, found: Iterable[Candidate], notes: Callable[[], Mapping[str, Any]], scratch: Path, open_files: ExitStack
    ) -> tuple[Spool, Mapping[str, Any]]:
        """Found sections of which it is known which ones go on, and what is to be told of the search."""
        file = scratch / "found.sqlite"
        if (settled := self._stages.fetch(Stage.SETTLED, file)) is not None:
            self._cluster_count = settled["clusters"]
            if self._decontamination is not None:
                self._decontamination.recall(settled["contamination"])
            return open_files.enter_context(closing(Spool(file))), settled["notes"]
        before = self._stages.fetch(Stage.FOUND, file)
        spool = open_files.enter_context(closing(Spool(file)))
        with RepetitionFinder(self._plan.split.split, mode=self._plan.deduplicate, scratch=scratch) as repetitions:
            if before is None:
                self._collect(found, spool, repetitions)
                before = {"notes": dict(notes())}
                self._stages.keep(Stage.FOUND, before, documents=spool.document_ids(), save=spool.save)
            else:
                repetitions.add_all(spool.remaining())
            for self._cluster_count, repetition in enumerate(repetitions.found(), start=1):
                spool.keep_one(repetition)
        spool.settle()
        self._drop_giveaways(spool)
        contamination = self._decontamination.facts if self._decontamination else None
        facts = {**before, "clusters": self._cluster_count, "contamination": contamination}
        self._stages.keep(Stage.SETTLED, facts, documents=spool.document_ids(), save=spool.save)
        return spool, before["notes"]

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

    def _collect(self, found: Iterable[Candidate], spool: Spool, repetitions: RepetitionFinder) -> None:
        number = 0
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

    def _drop_giveaways(self, spool: Spool) -> None:
        # behind the repetitions, when splits are settled; nobody trains on the test split
        if self._decontamination is not None:
            trained_on = (Split.TRAIN, Split.VALIDATION)
            spool.drop_giveaways(
                self._decontamination.giveaways(lambda: chain.from_iterable(map(spool.candidates, trained_on)))
            )

    def _publish_records(self, spool: Spool, lineage: LineageWriter, scratch: Path) -> dict[str, Any]:
        """Write the records of all splits; returns what is told of them."""
        with (
            SplitTwinPassages(scratch) as twins,
            SplitTwinDrafts(self._drafter, self._plan.record_format, scratch) as draft_twins,
            stage(self._plan.records_dir) as staged,
        ):
            writer = RecordWriter(
                self._plan,
                spool,
                twins,
                draft_twins,
                judge=self._judge,
                drafter=self._drafter,
                lineage=lineage,
            )
            writer.begin()
            for split in Split:
                provenance = writer.write(split, staged.path / f"{split.value}.jsonl")
                while batch := list(islice(provenance, PROVENANCE_BATCH)):
                    self._keep_provenance(batch)
                    self._report("records", writer.record_count)
            spool.drop_all(writer.dropped)
            if writer.record_count == 0:
                raise NothingKept(spool.found(), spool.drop_counts())
            told = self._told(spool, writer, staged.publish(self._properties(writer)))
            told["sections"]["twin_records"] = draft_twins.left_out
            return told

    def _properties(self, writer: RecordWriter) -> Mapping[str, Any]:
        return records_properties(
            self._plan,
            content_sha256=writer.content.hex,
            quality_profile=self._quality.profile_version,
            rows=writer.rows,
            decontamination=self._decontamination,
        )

    def _told(self, spool: Spool, writer: RecordWriter, manifest: Manifest) -> dict[str, Any]:
        sections = told_of_sections(
            self._plan,
            spool,
            clusters=self._cluster_count,
            deeds=writer.deeds,
            quality_profile=self._quality.profile_version,
            decontamination=self._decontamination,
        )
        return {
            "manifest_sha256": manifest.sha256,
            "content_sha256": writer.content.hex,
            "sections": {**sections, **self._drafter.statistics(writer.templates)},
        }

    def _publish_quality(self, spool: Spool) -> None:
        """Every found section with its signals and its fate, beside the records: what was dropped can be looked up."""
        with stage(self._plan.quality_dir) as staged:
            with (staged.path / "sections.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(json_line(outcome) + "\n" for outcome in spool.outcomes())
            staged.publish({"quality_profile": self._quality.profile_version})

    def _tell(self, written: Mapping[str, Any]) -> BuildResult:
        """Exports, statistics and the report of records that are published."""
        exports, statistics = publish_exports(self._plan, written["sections"], self._report)
        if any(statistics["split_leak"].values()):
            raise SplitLeak(statistics["split_leak"])
        if not self._plan.report_dir.exists():
            publish_report_of(
                self._plan,
                statistics,
                content_sha256=written["content_sha256"],
                quality_profile=self._quality.profile_version,
            )
        self._report("report", 1)
        return _result(self._plan, written, exports, statistics)


def _result(
    plan: BuildPlan, written: Mapping[str, Any], exports: Mapping[str, Path], statistics: Mapping[str, Any]
) -> BuildResult:
    return BuildResult(
        records_dir=plan.records_dir,
        manifest_sha256=written["manifest_sha256"],
        content_sha256=written["content_sha256"],
        version_sha256=written["version_sha256"],
        document_count=statistics["documents"],
        record_count=statistics["records"],
        total_tokens=statistics["tokens"]["total"],
        quality_score_avg=statistics["quality"]["mean"],
        export_paths=exports,
        statistics={name: value for name, value in statistics.items() if name not in DETAILS},
    )
