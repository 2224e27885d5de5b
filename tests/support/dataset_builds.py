"""Builds of datasets in this process."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.build import DatasetBuild
from backend.datasets.build_plan import BuildPlan, BuildResult
from backend.datasets.quality.profile import built_in
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafting import Drafter
from backend.datasets.records.passages import CharacterLimit
from backend.datasets.splits import SplitPlan
from shared.models.dataset import Deduplication, RecordFormat, RecordProvenance, Split
from shared.models.review import ReviewState

FROM_DOCUMENTS = [each for each in RecordFormat if each is not RecordFormat.PREFERENCE]
"""Formats of records that documents alone are enough for."""


def a_plan(folder: Path, **changes: Any) -> BuildPlan:
    """A plan; every argument that a test does not care about has a default."""
    values: dict[str, Any] = {
        "dataset_id": "dataset_1",
        "name": "Satzungen",
        "query_text": "Gebühr",
        "folder": folder,
        "record_format": RecordFormat.TEXT,
        "split": SplitPlan(),
        "limit": CharacterLimit(4000),
        "min_quality_score": 0.5,
        "quality": built_in("legal-de"),
        "deduplicate": Deduplication.NEAR,
        "export_formats": [],
        # they take longer than all the rest of a small build
        "has_pictures": False,
    }
    return BuildPlan(**{**values, **changes})


def build(
    plan: BuildPlan,
    found: Iterable[Candidate],
    rows: list[RecordProvenance] | None = None,
    rulings: Mapping[str, ReviewState] | None = None,
    *,
    drafter: Drafter | None = None,
) -> BuildResult:
    """Build in this process; `rows` takes the provenance, `rulings` are by `text_key_of`."""
    decided = rulings or {}

    def keep(batch: Sequence[RecordProvenance]) -> None:
        if rows is not None:
            rows.extend(batch)

    def rulings_of(keys: Sequence[str]) -> Mapping[str, ReviewState]:
        return {key: decided[key] for key in keys if key in decided}

    job = DatasetBuild(
        plan, rulings_of=rulings_of, keep_provenance=keep, report=lambda stage, done: None, drafter=drafter
    )
    return job.run(found)


def records(result: BuildResult, split: Split) -> list[dict[str, Any]]:
    """Canonical records of a split."""
    text = (result.records_dir / f"{split.value}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def all_records(result: BuildResult) -> list[dict[str, Any]]:
    """Canonical records of all splits."""
    return [record for split in Split for record in records(result, split)]
