"""Exports run in a process of their own."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.workers.export_runner import ExportFailed, ExportRefused, ExportRunner
from backend.datasets.workers.protocol import ExportJob, PublishJob
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates


def _job(tmp_path: Path, export_format: str = "csv") -> ExportJob:
    records = tmp_path / "1" / "records"
    return ExportJob(
        "dataset_1", "Satzungen", str(records), str(tmp_path / "out"), export_format, "text", {}, "", {}, {}
    )


def test_an_export_is_published_when_the_call_returns_and_repeating_it_is_harmless(tmp_path: Path) -> None:
    build(a_plan(tmp_path / "1"), candidates(3))
    run = ExportRunner(tmp_path / "log")
    run(_job(tmp_path))
    run(_job(tmp_path))

    assert (tmp_path / "out" / "manifest.json").exists()


def test_a_failed_export_says_why(tmp_path: Path) -> None:
    build(a_plan(tmp_path / "1"), candidates(3))

    with pytest.raises(ExportFailed, match="is not an export format"):
        ExportRunner(tmp_path / "log")(_job(tmp_path, "nope"))


def test_a_worker_that_dies_is_a_failed_export(tmp_path: Path) -> None:
    die = (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")

    with pytest.raises(ExportFailed, match="SIGKILL"):
        ExportRunner(tmp_path / "log", command=die)(_job(tmp_path))


def test_a_copy_that_meets_another_one_is_refused_and_not_worth_a_retry(tmp_path: Path) -> None:
    build(a_plan(tmp_path / "1"), candidates(3))
    run = ExportRunner(tmp_path / "log")
    for export_format, url in (("csv", "a"), ("jsonl", "b")):
        run(replace(_job(tmp_path, export_format), target=str(tmp_path / url)))
    run(PublishJob("dataset_1", "csv", str(tmp_path / "a"), f"file://{tmp_path}/share"))

    assert (tmp_path / "share" / "manifest.json").read_bytes() == (tmp_path / "a" / "manifest.json").read_bytes()
    with pytest.raises(ExportRefused, match="holds another publication"):
        run(PublishJob("dataset_1", "jsonl", str(tmp_path / "b"), f"file://{tmp_path}/share"))
