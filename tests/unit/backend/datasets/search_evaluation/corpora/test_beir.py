"""BEIR-shaped folders."""

import json
from pathlib import Path

import pytest

from backend.datasets.search_evaluation.corpora.beir import beir_set, is_beir
from backend.datasets.search_evaluation.judged import UnusableSet

CORPUS = [{"_id": "a:1", "title": "Titel", "text": "eins"}, {"_id": "b", "text": "zwei"}]
QUERIES = [{"_id": "q1", "text": "eins?"}, {"_id": "q2", "text": "nichts?"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\ta:1\t2\nq1\tb\t1\nq2\tb\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS, encoding="utf-8")
    return tmp_path


def test_grades_are_kept_and_queries_without_relevant_documents_left_out(folder: Path) -> None:
    made = beir_set(folder)
    first, second = (stored.section_id for change in made.documents() for stored in change.sections)
    assert [(query.query_id, dict(query.relevant)) for query in made.queries] == [("q1", {first: 2, second: 1})]


def test_a_document_is_a_section_with_its_title_as_heading(folder: Path) -> None:
    first, second = beir_set(folder).documents()
    assert (first.sections[0].section.heading, first.sections[0].section.text) == ("Titel", "eins")
    assert second.sections[0].section.heading == ""
    assert first.document_id.count(":") == 0


def test_documents_can_be_drawn_again(folder: Path) -> None:
    made = beir_set(folder)
    assert list(made.documents()) == list(made.documents())


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "queries.jsonl").unlink()
    with pytest.raises(UnusableSet, match=r"queries\.jsonl"):
        beir_set(folder)


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("queries.jsonl", '{"_id": "q1"}\n', "line 1 lacks text"),
        ("queries.jsonl", "no\n", "line 1 is not JSON"),
        ("queries.jsonl", '{"_id": "other", "text": "?"}\n', "judges query q1"),
        ("qrels/test.tsv", "a\tb\tc\nq1\ta:1\tmuch\n", "line 2"),
        ("qrels/test.tsv", "q1\ta:1\t0\n", "no judgement above 0"),
    ],
)
def test_what_is_not_of_that_shape_is_refused_by_file_and_line(folder: Path, file: str, text: str, reason: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(UnusableSet, match=reason):
        beir_set(folder)


def test_a_folder_is_known_by_its_corpus(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert is_beir(folder)
    assert not is_beir(tmp_path_factory.mktemp("other"))
