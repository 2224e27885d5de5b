"""Two processes write what one writes, and what fails in the second one fails the build."""

import os
import sys
import time
from pathlib import Path

import pytest

from backend.datasets.build_beside import BesideFailed, begin_beside
from shared.storage import verify_folder
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates

FORMATS = ["csv", "json", "jsonl"]


def test_the_number_of_processes_changes_no_byte(tmp_path: Path) -> None:
    plans = [
        a_plan(
            tmp_path / str(number),
            processes=number,
            measuring={"profile": "legal-de", "fluency": ""},
            export_formats=FORMATS,
        )
        for number in (1, 2)
    ]
    one, two = (build(plan, candidates(30)) for plan in plans)

    assert one.content_sha256 == two.content_sha256
    assert one.manifest_sha256 == two.manifest_sha256
    assert one.statistics == two.statistics
    for first, second in zip(one.export_paths.values(), two.export_paths.values(), strict=True):
        assert verify_folder(first).sha256 == verify_folder(second).sha256
    reports = [verify_folder(plan.report_dir).sha256 for plan in plans]
    assert reports[0] == reports[1]


def test_what_the_second_process_says_is_why_the_build_fails(tmp_path: Path) -> None:
    script = 'import sys; sys.stdin.readline(); print(\'{"error": "The disk is full."}\')'
    beside = begin_beside(tmp_path, [], {}, seed=1, scratch=tmp_path, command=(sys.executable, "-c", script))

    with pytest.raises(BesideFailed, match="The disk is full"):
        beside.statistics()


def test_a_second_process_that_dies_is_named(tmp_path: Path) -> None:
    script = "import sys; sys.stdin.readline(); sys.exit(7)"
    beside = begin_beside(tmp_path, [], {}, seed=1, scratch=tmp_path, command=(sys.executable, "-c", script))

    with pytest.raises(BesideFailed, match="7"):
        beside.statistics()


def test_a_second_process_that_dies_after_it_told_is_named(tmp_path: Path) -> None:
    script = "import sys; sys.stdin.readline(); print('{\"records\": 3}'); sys.exit(7)"
    beside = begin_beside(
        tmp_path, [], {"clusters": 1}, seed=1, scratch=tmp_path, command=(sys.executable, "-c", script)
    )

    assert beside.statistics() == {"records": 3}
    with pytest.raises(BesideFailed, match="7"):
        beside.finish()


def test_a_second_process_ends_with_a_build_that_fails(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = f"import os, sys, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    beside = begin_beside(tmp_path, [], {}, seed=1, scratch=tmp_path, command=(sys.executable, "-c", script))
    while not mark.exists() or not mark.read_text():
        time.sleep(0.01)
    beside.close()

    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    beside.close()
