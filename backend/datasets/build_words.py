"""What a build tells of itself: in the manifest of its records, and in the statistics of its sections."""

from collections.abc import Mapping
from typing import Any

from backend.datasets.build_plan import BuildPlan
from backend.datasets.pii.treating import DeedCounts
from backend.datasets.records.decontaminating import Decontamination
from backend.datasets.report.strata import split_strata
from backend.datasets.splits import ALGORITHM
from backend.datasets.spool import CONTAMINATED, Spool


def records_properties(
    plan: BuildPlan,
    *,
    content_sha256: str,
    quality_profile: str,
    rows: Mapping[str, int],
    decontamination: Decontamination | None,
) -> dict[str, Any]:
    """What the manifest of the records says."""
    return {
        "dataset_id": plan.dataset_id,
        "content_sha256": content_sha256,
        "record_format": plan.record_format.value,
        "quality_profile": quality_profile,
        "quality": plan.quality.as_json(),
        "personal_data_policy": plan.personal_data.policy_key,
        "split": {"algorithm": ALGORITHM, "seed": plan.split.seed, "shares": dict(plan.split.shares)},
        "rows": dict(rows),
        **({"contamination": decontamination.properties} if decontamination else {}),
    }


def told_of_sections(
    plan: BuildPlan,
    spool: Spool,
    *,
    clusters: int,
    deeds: DeedCounts,
    quality_profile: str,
    decontamination: Decontamination | None,
) -> dict[str, Any]:
    """What the statistics say of sections; `describe_records` adds what they say of records."""
    found, dropped, sizes = spool.found(), spool.drop_counts(), spool.cluster_sizes()
    return {
        "sections": {"found": found, "kept": found - sum(dropped.values()), "dropped": dropped},
        "clusters": clusters,
        "duplicates": {
            "clusters": clusters,
            "sections": sum(size * count for size, count in sizes.items()),
            "sizes": {str(size): count for size, count in sizes.items()},
        },
        "languages": spool.kept_by("language"),
        "years": spool.kept_by("year"),
        "split_strata": split_strata(spool.strata(), plan.split.shares),
        "personal_data": {"policy": plan.personal_data.policy_key, "kinds": deeds.as_json()},
        "contamination": decontamination and decontamination.as_json(dropped.get(CONTAMINATED, 0)),
        "quality_profile": quality_profile,
    }
