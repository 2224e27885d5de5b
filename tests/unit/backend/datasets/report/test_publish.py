"""The report of a build: whole, the same twice, without anything from elsewhere, and with every figure."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_plan import BuildResult
from backend.datasets.report.subject import Language
from shared.models.dataset import RecordFormat
from shared.storage import verify_folder
from tests.support.dataset_builds import FROM_DOCUMENTS, a_plan, build
from tests.support.legal_texts import candidates

HOSTILE = '<script>alert(1)</script> & "co"'


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    plan = a_plan(
        tmp_path_factory.mktemp("report") / "1", name=HOSTILE, description="Zum Üben\n- # nicht mehr", has_pictures=True
    )
    return build(plan, candidates(40))


def _report(result: BuildResult) -> Path:
    return result.records_dir.parent / "report"


def _page(result: BuildResult, language: Language) -> str:
    return (_report(result) / f"{language}.html").read_text(encoding="utf-8")


def test_it_is_published_with_a_manifest(result: BuildResult) -> None:
    manifest = verify_folder(_report(result))

    assert manifest.properties["content_sha256"] == result.content_sha256
    assert {"de.html", "en.html", "data_card.de.md", "data_card.json", "lengths.de.png"} <= manifest.files.keys()


def test_the_same_build_has_the_same_report(result: BuildResult, tmp_path: Path) -> None:
    plan = a_plan(tmp_path / "2", name=HOSTILE, description="Zum Üben\n- # nicht mehr", has_pictures=True)
    again = build(plan, candidates(40))

    assert verify_folder(_report(again)).sha256 == verify_folder(_report(result)).sha256


@pytest.mark.parametrize("language", list(Language))
def test_a_page_is_well_formed_and_needs_nothing_from_elsewhere(result: BuildResult, language: Language) -> None:
    page = _page(result, language)
    checker = _Checker()
    checker.feed(page)

    assert checker.open == []
    assert not re.search(r"https?://|<script|<link|<img|<iframe| on\w+=| style=", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f'<html lang="{language}">' in page
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page


def test_both_languages_tell_the_same_figures_in_their_own_way(result: BuildResult) -> None:
    german, english = (_page(result, language) for language in Language)

    assert "Überschneidung der Teile" in german
    assert "Split leak" in english
    assert "0 · 0 · 0" in german
    assert "0 · 0 · 0" in english


def test_every_picture_is_a_png(result: BuildResult) -> None:
    pictures = list(_report(result).glob("*.png"))

    assert len(pictures) >= 10
    assert all(picture.read_bytes().startswith(b"\x89PNG\r\n") for picture in pictures)


def test_the_data_card_holds_the_figures_of_the_statistics(result: BuildResult) -> None:
    card: dict[str, Any] = json.loads((_report(result) / "data_card.json").read_text(encoding="utf-8"))

    assert card["statistics"]["records"] == result.record_count
    assert card["statistics"]["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}
    assert card["dataset"]["content_sha256"] == result.content_sha256
    assert card["card"]["de"].keys() == card["card"]["en"].keys()
    assert "lengths" in card["pictures"]


def test_the_markdown_card_keeps_what_people_typed_on_its_line(result: BuildResult) -> None:
    markdown = (_report(result) / "data_card.de.md").read_text(encoding="utf-8")

    assert "Zum Üben - # nicht mehr" in markdown
    assert markdown.count("\n# ") == 0
    assert markdown.startswith("# <script>")


def test_texts_stay_out_of_the_row_of_the_database(result: BuildResult) -> None:
    details = json.loads((_report(result) / "details.json").read_text(encoding="utf-8"))

    assert "samples" not in result.statistics
    assert {sample["split"] for sample in details["samples"]} == {"train", "validation", "test"}
    assert details["split_strata"]["source"]["amt"]["documents"] == 40


@pytest.mark.parametrize("record_format", FROM_DOCUMENTS)
def test_a_dataset_of_one_document_has_a_report_too(tmp_path: Path, record_format: RecordFormat) -> None:
    result = build(a_plan(tmp_path / "1", record_format=record_format), candidates(1))

    verify_folder(_report(result))


class _Checker(HTMLParser):
    """Elements that are still open; an end that fits no start fails."""

    _VOID = frozenset({"meta", "line", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._VOID or (tag == "rect" and attrs[-1][0] != "height"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self._VOID

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag
