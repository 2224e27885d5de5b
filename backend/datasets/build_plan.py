"""What a build is to make, and what it made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.fluency_filter import FluencyFilter
from backend.datasets.quality.profile import Profile
from backend.datasets.records.passages import PassageLimit
from backend.datasets.report.file_names import REPORT_FOLDER
from backend.datasets.splits import SplitPlan
from backend.datasets.tokens import TokenCounter, UnicodeWordCounter
from shared.models.dataset import Deduplication, RecordFormat


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything a build depends on besides the sections, the rulings about them and the evaluation sets.

    Args:
        folder: Folder of this attempt; must not hold a finished build.
        limit: How much of a source one record may hold; longer sections are cut.
        min_quality_score: Passages with a lower score are dropped.
        quality: How texts are judged.
        deduplicate: Which repetitions are dropped.
        export_formats: What to write besides the records.
        description: What the dataset is for.
        fluency: Judges too, where there is a model of the accepted corpus.
        personal_data: What is done with it in records.
        evaluation_sets: Folder of what must not be trained on; None: nothing is compared.
        order: The order as it was given, as plain JSON; part of what names the version, and told by exports.
        counter: Counts the tokens of records.
        processes: How many may work at once; what is written is the same.
        measuring: Names what `quality` and `fluency` are for a process that judges texts: `profile` and `fluency`.
        has_pictures: Whether the report has PNG files beside its page.
    """

    dataset_id: str
    name: str
    query_text: str
    folder: Path
    record_format: RecordFormat
    split: SplitPlan
    limit: PassageLimit
    min_quality_score: float
    quality: Profile
    deduplicate: Deduplication
    export_formats: Sequence[str]
    description: str = ""
    fluency: FluencyFilter | None = None
    personal_data: PersonalData = field(default_factory=PersonalData)
    evaluation_sets: Path | None = None
    order: Mapping[str, Any] = field(default_factory=dict)
    counter: TokenCounter = field(default_factory=UnicodeWordCounter)
    processes: int = 1
    measuring: Mapping[str, str] = field(default_factory=dict)
    has_pictures: bool = True

    @property
    def records_dir(self) -> Path:
        """Where the canonical records are published."""
        return self.folder / "records"

    @property
    def quality_dir(self) -> Path:
        """Where every found section is published with its signals and its fate."""
        return self.folder / "quality"

    @property
    def lineage_dir(self) -> Path:
        """Where it is published what the version was made of."""
        return self.folder / "lineage"

    @property
    def report_dir(self) -> Path:
        """Where the report is published."""
        return self.folder / REPORT_FOLDER

    def export_dir(self, export_format: str) -> Path:
        """Where an export is published."""
        return self.folder / "exports" / export_format


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What the database has to know about a finished build."""

    records_dir: Path
    manifest_sha256: str
    content_sha256: str
    version_sha256: str
    document_count: int
    record_count: int
    total_tokens: int
    quality_score_avg: float
    export_paths: Mapping[str, Path]
    statistics: Mapping[str, Any]
