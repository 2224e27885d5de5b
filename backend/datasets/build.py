"""Build a dataset: assess what was found, split by document, write records, statistics and exports.

    found sections -> quality, rulings -> spool -> repetitions, evaluation texts -> merge and cut -> personal data
        -> records -> exports

Nothing is visible before it is whole: records, quality notes and every export are published folders, and the database
learns of them last. The same sections, rulings, evaluation sets and plan give the same bytes, however often the build
is repeated, and wherever it was killed: it goes on from the stages that an earlier attempt finished (`stages.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.datasets.build_errors import NothingKept, NothingMatched
from backend.datasets.build_plan import BuildPlan, BuildResult
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.lineage import LineageWriter
from backend.datasets.pii.treating import DeedCounts
from backend.datasets.quality.batches import batched
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.records.candidates import Candidate, Place
from backend.datasets.records.content import ContentHash, json_line
from backend.datasets.records.decontaminating import Decontamination
from backend.datasets.records.drafting import Drafter, KeptPassage, drafter_for
from backend.datasets.records.judging import RulingsOf, judged_sections
from backend.datasets.records.licences import Licences
from backend.datasets.records.passages import Passage, passages
from backend.datasets.records.personal import TreatedPassage, without_personal_data
from backend.datasets.records.render import bodies_of, joined, provenance_of, record_of
from backend.datasets.records.repetitions import repetitions
from backend.datasets.resuming import PROVENANCE_BATCH, taken_over
from backend.datasets.splits import ALGORITHM, LeakMeter, TextOwners, text_hash
from backend.datasets.spool import CONTAMINATED, DUPLICATE, Spool
from backend.datasets.stages import BuildStages, Stage, clear_stages
from backend.datasets.statistics import RecordStatistics
from backend.datasets.version_hash import parameters_of, plan_key
from shared.errors import ClaraError
from shared.models.dataset import RecordProvenance, Split
from shared.storage import Manifest, stage

LOW_SCORE = "low_score"
PERSONAL_DATA = "personal_data"
_REPORT_EVERY = 500

Report = Callable[[str, int], None]
"""Called with a stage (`search`, `records`, `export:<format>`) and how much of it is done."""


class DatasetBuild:
    """One attempt at a dataset.

    Args:
        plan: What to build.
        rulings_of: What people decided about texts.
        keep_provenance: Takes batches of provenance rows.
        report: Takes progress.
        stage_done: Is told of every finished stage.
        drafter: Writes the words of records; None: the plan's shape with the default templates.
        licences: Why the words may be used.
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
        licences: Licences | None = None,
    ) -> None:
        self._plan = plan
        self._stage_done = stage_done
        self._rulings_of = rulings_of
        self._keep_provenance = keep_provenance
        self._report = report
        self._quality = QualityPipeline(plan.quality, fluency=plan.fluency)
        self._drafter = drafter or drafter_for(plan.record_format)
        self._licences = licences or Licences()
        self._statistics = RecordStatistics(plan.counter)
        self._leaks = LeakMeter()
        self._content = ContentHash()
        self._owners = TextOwners()
        self._deeds = DeedCounts()
        self._decontamination: Decontamination | None = None
        self._cluster_count = 0
        self._dropped: dict[Place, str] = {}
        self._used: frozenset[Place] = frozenset()

    def run(self, found: Iterable[Candidate], *, notes: Callable[[], Mapping[str, Any]] = dict) -> BuildResult:
        """Build everything from the found sections, or go on from what an earlier attempt finished.

        Args:
            found: Begun only if an earlier attempt did not get to its end.
            notes: What the statistics shall say about the search, asked at its end.

        Raises:
            NothingMatched: If there are none.
            NothingKept: If none is good enough.
            UnusableEvaluationSet: If an evaluation set cannot be read.
        """
        if self._plan.evaluation_sets is not None:
            self._decontamination = Decontamination(self._plan.evaluation_sets)
        self._plan.folder.mkdir(parents=True, exist_ok=True)
        self._parameters = parameters_of(
            self._plan,
            quality_profile=self._quality.profile_version,
            contamination=self._decontamination.properties if self._decontamination else None,
        )
        key = plan_key(self._plan, self._parameters)
        self._stages = BuildStages(self._plan.folder, key, finished=self._stage_done)
        try:
            return self._finish(found, notes)
        except ClaraError:
            # only what was killed goes on; what failed leaves nothing
            clear_stages(self._plan.folder)
            raise

    def _finish(self, found: Iterable[Candidate], notes: Callable[[], Mapping[str, Any]]) -> BuildResult:
        written = taken_over(self._stages, self._plan, self._keep_provenance) or self._write(found, notes)
        return BuildResult(
            records_dir=self._plan.records_dir, export_paths=self._publish_exports(written["statistics"]), **written
        )

    def _write(self, found: Iterable[Candidate], notes: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Everything up to the records and what is told of them."""
        with TemporaryDirectory(prefix=".spool-", dir=self._plan.folder) as scratch:
            spool, told = self._settled(found, notes, Path(scratch))
            self._lineage = LineageWriter(Path(scratch))
            try:
                manifest = self._publish_records(spool)
                statistics = {**self._describe(spool), **told}
                self._publish_quality(spool)
                version = self._lineage.publish(self._plan.lineage_dir, spool.used(), self._parameters)
                written = self._written(manifest, version, statistics)
                self._stages.keep(Stage.WRITTEN, written, documents=spool.document_ids())
            finally:
                self._lineage.close()
                spool.close()
        # as it is read back: a build that goes on tells the very same
        return self._stages.facts(Stage.WRITTEN) or written

    def _settled(
        self, found: Iterable[Candidate], notes: Callable[[], Mapping[str, Any]], scratch: Path
    ) -> tuple[Spool, Mapping[str, Any]]:
        """Found sections of which it is known which ones go on, and what is to be told of the search."""
        file = scratch / "found.sqlite"
        if (settled := self._stages.fetch(Stage.SETTLED, file)) is not None:
            self._cluster_count = settled["clusters"]
            if self._decontamination is not None:
                self._decontamination.recall(settled["contamination"])
            return Spool(file), settled["notes"]
        before = self._stages.fetch(Stage.FOUND, file)
        spool = Spool(file)
        if before is None:
            self._collect(found, spool)
            before = {"notes": dict(notes())}
            self._stages.keep(Stage.FOUND, before, documents=spool.document_ids(), save=spool.save)
        self._drop_repetitions(spool, scratch)
        self._drop_giveaways(spool)
        contamination = self._decontamination.facts if self._decontamination else None
        facts = {**before, "clusters": self._cluster_count, "contamination": contamination}
        self._stages.keep(Stage.SETTLED, facts, documents=spool.document_ids(), save=spool.save)
        return spool, before["notes"]

    def _collect(self, found: Iterable[Candidate], spool: Spool) -> None:
        number = 0
        for number, judged in enumerate(judged_sections(found, self._quality, self._rulings_of), start=1):
            split = self._plan.split.split(judged.candidate.stored.path)
            spool.add(judged, split=split, text_hash=text_hash(judged.text))
            if number % _REPORT_EVERY == 0:
                self._report("search", number)
        if number == 0:
            raise NothingMatched(self._plan.query_text)
        self._report("search", number)

    def _drop_repetitions(self, spool: Spool, scratch: Path) -> None:
        # before any threshold: a higher one must never let in what a better text stood for
        found = repetitions(spool.remaining(), mode=self._plan.deduplicate, scratch=scratch)
        for self._cluster_count, repetition in enumerate(found, start=1):
            spool.keep_one(repetition)
        spool.settle()

    def _drop_giveaways(self, spool: Spool) -> None:
        # behind the repetitions, when splits are settled; nobody trains on the test split
        if self._decontamination is not None:
            trained_on = (Split.TRAIN, Split.VALIDATION)
            spool.drop_giveaways(
                self._decontamination.giveaways(lambda: chain.from_iterable(map(spool.candidates, trained_on)))
            )

    def _publish_records(self, spool: Spool) -> Manifest:
        self._drafter.begin(spool.remaining())
        with stage(self._plan.records_dir) as staged:
            for split in Split:
                provenance = self._write_split(spool, split, staged.path / f"{split.value}.jsonl")
                while batch := list(islice(provenance, PROVENANCE_BATCH)):
                    self._keep_provenance(batch)
                    self._report("records", self._statistics.record_count)
            spool.drop_all(self._dropped)
            if self._statistics.record_count == 0:
                raise NothingKept(spool.found(), spool.drop_counts())
            return staged.publish(
                {
                    "dataset_id": self._plan.dataset_id,
                    "content_sha256": self._content.hex,
                    "record_format": self._plan.record_format.value,
                    "quality_profile": self._quality.profile_version,
                    "quality": self._plan.quality.as_json(),
                    "personal_data_policy": self._plan.personal_data.policy_key,
                    "split": {
                        "algorithm": ALGORITHM,
                        "seed": self._plan.split.seed,
                        "shares": dict(self._plan.split.shares),
                    },
                    "rows": {name: part["records"] for name, part in self._statistics.as_json()["splits"].items()},
                    **({"contamination": self._decontamination.properties} if self._decontamination else {}),
                }
            )

    def _write_split(self, spool: Spool, split: Split, path: Path) -> Iterator[RecordProvenance]:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for kept, drafts in self._drafter.drafted(self._kept(spool, split)):
                passage = kept.treated.passage
                if drafts:
                    self._leaks.add(passage.first.document_key, joined(kept.treated.bodies), split)
                    self._use(passage)
                else:
                    self._drop(passage, self._drafter.reason)
                for draft in drafts:
                    record = record_of(
                        passage,
                        draft,
                        record_format=self._plan.record_format,
                        split=split,
                        quality_score=kept.score,
                        quality_profile=self._quality.profile_version,
                        counter=self._plan.counter,
                        licence=self._licences.of(passage.first.stored.document_id),
                    )
                    stream.write(json_line(record) + "\n")
                    self._content.add(record)
                    self._statistics.add(record, split)
                    provenance = provenance_of(passage, record, split)
                    self._lineage.add(record, provenance, document_key=passage.first.document_key)
                    yield provenance

    def _kept(self, spool: Spool, split: Split) -> Iterator[KeptPassage]:
        """Passages of a split that records are made of, without personal data."""
        found = passages(spool.candidates(split), limit=self._plan.limit)
        for passage, bodies, score in self._scored(found):
            treated = without_personal_data(passage, bodies, self._plan.personal_data)
            reason = self._reason_to_drop(treated, score, split)
            if reason in (None, PERSONAL_DATA):
                self._deeds.add(treated.deeds)
            if reason is None:
                yield KeptPassage(treated, score, split)
            else:
                self._drop(passage, reason)

    def _use(self, passage: Passage) -> None:
        self._used = frozenset(each.place for each in passage.candidates)
        for place in self._used:
            self._dropped.pop(place, None)

    def _drop(self, passage: Passage, reason: str) -> None:
        # a section of which any part is used is not left out; its parts come one after the other
        left_out = [each.place for each in passage.candidates if each.place not in self._used]
        self._dropped.update(dict.fromkeys(left_out, reason))

    def _scored(self, found: Iterable[Passage]) -> Iterator[tuple[Passage, list[str], float]]:
        """Passages, their bodies and quality: of the whole section where one is a part, measured anew where merged."""
        with_bodies = ((passage, bodies_of(passage)) for passage in found)
        for batch in batched(with_bodies, size_of=lambda each: sum(map(len, each[1]))):
            self._licences.look_up(passage.first.stored.document_id for passage, _ in batch)
            merged = [joined(bodies) for passage, bodies in batch if len(passage.candidates) > 1]
            anew = iter(self._quality.assess_many(merged))
            for passage, bodies in batch:
                is_merged = len(passage.candidates) > 1
                yield passage, bodies, next(anew).score if is_merged else passage.first.quality

    def _reason_to_drop(self, treated: TreatedPassage, score: float, split: Split) -> str | None:
        if treated.is_dropped:
            return PERSONAL_DATA
        # texts are registered whatever their score: a higher threshold must never let a duplicate in again
        if not self._owners.admits(joined(treated.bodies), split):
            return DUPLICATE
        is_spared = any(each.is_spared for each in treated.passage.candidates)
        return LOW_SCORE if score < self._plan.min_quality_score and not is_spared else None

    def _describe(self, spool: Spool) -> dict[str, Any]:
        found, dropped = spool.found(), spool.drop_counts()
        return {
            **self._statistics.as_json(),
            **self._drafter.statistics(),
            "sections": {"found": found, "kept": found - sum(dropped.values()), "dropped": dropped},
            "clusters": self._cluster_count,
            "personal_data": {"policy": self._plan.personal_data.policy_key, "kinds": self._deeds.as_json()},
            "contamination": self._decontamination and self._decontamination.as_json(dropped.get(CONTAMINATED, 0)),
            "split_leak": self._leaks.counts(),
            "quality_profile": self._quality.profile_version,
        }

    def _publish_quality(self, spool: Spool) -> None:
        """Every found section with its signals and its fate, beside the records: what was dropped can be looked up."""
        with stage(self._plan.folder / "quality") as staged:
            with (staged.path / "sections.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(json_line(outcome) + "\n" for outcome in spool.outcomes())
            staged.publish({"quality_profile": self._quality.profile_version})

    def _publish_exports(self, statistics: Mapping[str, Any]) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        for number, export_format in enumerate(self._plan.export_formats, start=1):
            paths[export_format] = self._plan.export_dir(export_format)
            if paths[export_format].exists():
                # published by the attempt that this one goes on from
                continue
            export_dataset(
                ExportOrder(
                    dataset_id=self._plan.dataset_id,
                    dataset_name=self._plan.name,
                    records_dir=self._plan.records_dir,
                    target=paths[export_format],
                    export_format=export_format,
                    record_format=self._plan.record_format,
                    description=self._plan.description,
                    request=self._plan.request,
                    statistics=statistics,
                )
            )
            self._report(f"export:{export_format}", number)
        return paths

    def _written(self, manifest: Manifest, version_sha256: str, statistics: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "manifest_sha256": manifest.sha256,
            "content_sha256": self._content.hex,
            "version_sha256": version_sha256,
            "document_count": self._statistics.document_count,
            "record_count": self._statistics.record_count,
            "total_tokens": self._statistics.total_tokens,
            "quality_score_avg": self._statistics.quality_score_avg,
            "statistics": dict(statistics),
        }
