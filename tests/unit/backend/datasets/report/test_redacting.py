"""Samples of an erased document leave a finished report; all else of it stays."""

import json
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from backend.datasets.report.redacting import ERASED, redact_samples
from shared.storage import verify_folder
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return build(a_plan(tmp_path / "1"), candidates(6)).records_dir.parent / "report"


def _samples(report: Path) -> list[dict[str, Any]]:
    details: dict[str, list[dict[str, Any]]] = json.loads((report / "details.json").read_text(encoding="utf-8"))
    return details["samples"]


def _pages(report: Path) -> list[str]:
    return [(report / f"{language}.html").read_text(encoding="utf-8") for language in ("de", "en")]


def test_texts_of_a_document_are_gone_from_pages_and_details_and_those_of_others_stay(report: Path) -> None:
    before = _samples(report)
    key = before[0]["record_id"].split("-")[0]
    gone = [each for each in before if each["record_id"].startswith(key)]
    kept = [each for each in before if each not in gone]
    assert kept

    assert redact_samples(report, lambda name: name.startswith(key)) == len(gone)

    for page in _pages(report):
        assert not [each for each in gone if str(escape(each["text"])) in page]
        assert all(str(escape(each["text"])) in page for each in kept)
        assert page.count(f">{ERASED}") == len(gone)
    after = _samples(report)
    assert [each for each in after if each["text"] != ERASED] == kept
    assert [each["record_id"] for each in after] == [each["record_id"] for each in before]
    assert {each["title"] for each in after if each["text"] == ERASED} == {""}
    verify_folder(report)


def test_doing_it_again_or_for_what_is_not_shown_writes_nothing(report: Path) -> None:
    redact_samples(report, lambda _: True)
    stamps = {path: path.stat().st_mtime_ns for path in report.iterdir()}

    assert redact_samples(report, lambda _: True) == 0
    assert redact_samples(report, lambda _: False) == 0
    assert redact_samples(report / "none", lambda _: True) == 0
    assert {path: path.stat().st_mtime_ns for path in report.iterdir()} == stamps


def test_a_page_that_shows_the_text_in_another_place_is_removed(report: Path) -> None:
    (first, *_) = _samples(report)
    page = report / "de.html"
    page.write_text(f"{page.read_text(encoding='utf-8')} {escape(first['text'])}", encoding="utf-8")

    redact_samples(report, lambda name: name == first["record_id"])

    assert not page.exists()
    assert (report / "en.html").exists()
    verify_folder(report)
