"""What a build makes of its published records: exports, statistics and the report."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.datasets.build_beside import Telling, TellingHere, begin_beside
from backend.datasets.build_plan import BuildPlan
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.report.publish import publish_report
from backend.datasets.report.subject import ReportSubject
from backend.datasets.splits import ALGORITHM

Report = Callable[[str, int], None]
"""Called with a stage (`search`, `records`, `export:<format>` …) and how much of it is done."""


def publish_exports(
    plan: BuildPlan, sections: Mapping[str, Any], report: Report
) -> tuple[dict[str, Path], Mapping[str, Any]]:
    """Write every export that was asked for and is not there; returns their folders and the statistics of the dataset.

    Args:
        plan: What to build.
        sections: What there is to tell of the sections.
        report: Takes progress.

    Raises:
        ExportNotEqual: If an export read back differs.
        BesideFailed: If the second process failed.
    """
    paths = {export_format: plan.export_dir(export_format) for export_format in plan.export_formats}
    # what is there was published by the attempt that this one goes on from
    orders = {export_format: _order(plan, export_format) for export_format, path in paths.items() if not path.exists()}
    own = list(orders)
    beside: Telling
    if plan.processes > 1:
        # to describe takes about as long as an export: of three exports, the other process writes one
        own = own[: len(own) // 2 + 1]
        others = [order for export_format, order in orders.items() if export_format not in own]
        beside = begin_beside(plan.records_dir, others, sections, seed=plan.split.seed, scratch=plan.folder)
    else:
        beside = TellingHere(plan.records_dir, sections, seed=plan.split.seed, scratch=plan.folder)
    # a build that fails removes its folder: nobody may be writing there any more
    with closing(beside):
        for number, export_format in enumerate(own, start=1):
            export_dataset(replace(orders[export_format], statistics=beside.statistics))
            report(f"export:{export_format}", number)
        statistics = beside.statistics()
        beside.finish()
    report("describe", len(orders))
    return paths, statistics


def publish_report_of(
    plan: BuildPlan, statistics: Mapping[str, Any], *, content_sha256: str, quality_profile: str
) -> None:
    """Write the report of a dataset from its statistics.

    Raises:
        AlreadyPublished: If there is one.
    """
    subject = ReportSubject(
        dataset_id=plan.dataset_id,
        name=plan.name,
        description=plan.description,
        query_text=plan.query_text,
        content_sha256=content_sha256,
        record_format=plan.record_format.value,
        quality_profile=quality_profile,
        min_quality_score=plan.min_quality_score,
        deduplicate=plan.deduplicate.value,
        personal_data_policy=plan.personal_data.policy_key,
        split_algorithm=ALGORITHM,
        seed=plan.split.seed,
        shares=plan.split.shares,
        export_formats=plan.export_formats,
        statistics=statistics,
    )
    publish_report(subject, plan.report_dir, has_pictures=plan.has_pictures)


def _order(plan: BuildPlan, export_format: str) -> ExportOrder:
    return ExportOrder(
        dataset_id=plan.dataset_id,
        dataset_name=plan.name,
        records_dir=plan.records_dir,
        target=plan.export_dir(export_format),
        export_format=export_format,
        record_format=plan.record_format,
        description=plan.description,
        request=plan.order,
    )
