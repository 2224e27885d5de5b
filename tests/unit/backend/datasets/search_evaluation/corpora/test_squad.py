"""SQuAD-shaped files."""

import json
from pathlib import Path

import pytest

from backend.datasets.search_evaluation.corpora.squad import squad_set
from backend.datasets.search_evaluation.judged import UnusableSet
from tests.support.shared_data import SHARED_DATA, needs_shared_data

ARTICLE = {
    "title": "Die_Brücke",
    "paragraphs": [
        {"context": "Sie ist alt.", "qas": [{"id": "q1", "question": "Wie alt?"}, {"id": "q2", "question": "Was?"}]},
        {"context": "Sie ist lang.", "qas": [{"id": "q3", "question": "Wie lang?", "is_impossible": True}]},
    ],
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "fragen.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_an_article_is_a_document_and_its_paragraphs_are_sections(tmp_path: Path) -> None:
    made = squad_set(written(tmp_path, {"data": [ARTICLE, ARTICLE]}))
    first, second = made.documents()
    assert first.document is not None
    assert first.document.title == "Die Brücke"
    assert [stored.section.text for stored in first.sections] == ["Sie ist alt.", "Sie ist lang."]
    assert {stored.section_id for stored in first.sections}.isdisjoint(each.section_id for each in second.sections)


def test_every_question_means_its_paragraph(tmp_path: Path) -> None:
    made = squad_set(written(tmp_path, {"data": [ARTICLE]}))
    ids = [stored.section_id for change in made.documents() for stored in change.sections]
    assert [(query.query_id, dict(query.relevant)) for query in made.queries] == [
        ("q1", {ids[0]: 1}),
        ("q2", {ids[0]: 1}),
        ("q3", {ids[1]: 1}),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSONDecodeError"),
        ({"rows": []}, "'data'"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, "'context'"),
        ([1], "TypeError"),
        ({"data": []}, "no question"),
    ],
)
def test_what_is_not_of_that_shape_is_refused_with_the_reason(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(UnusableSet, match=reason):
        squad_set(written(tmp_path, content))


@pytest.mark.parametrize("_", [pytest.param(None, marks=needs_shared_data("xquad.de.json"))])
def test_xquad_is_read_whole(_: None) -> None:
    made = squad_set(SHARED_DATA / "xquad.de.json")
    assert len(made.queries) == 1_190
    assert sum(len(change.sections) for change in made.documents()) == 240
