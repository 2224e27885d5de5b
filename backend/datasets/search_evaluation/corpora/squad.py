"""Judged queries from a SQuAD-shaped JSON file: paragraphs are sections, an article is a document.

Every question's paragraph is relevant, and nothing else. Questions that SQuAD 2.0 calls unanswerable were written about
their paragraph too.

Source:
    Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250 (the shape); Artetxe et al. 2020 (XQuAD).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.corpora.changes import a_section, change_of, section_id_of
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery, UnusableSet
from shared.database.search_store import DocumentChange


def squad_set(path: Path) -> EvaluationSet:
    """The questions of a file.

    Raises:
        UnusableSet: If the file is not of that shape, naming what is missing.
    """
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        changes = [_document(number, article) for number, article in enumerate(articles)]
        queries = tuple(query for number, article in enumerate(articles) for query in _queries(number, article))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        reason = f"{type(exc).__name__}: {exc}"
        raise UnusableSet(
            f"{path} is not SQuAD-shaped ({reason}); expected is "
            '{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question"}]}]}]}.',
            path=str(path),
        ) from exc
    if not queries:
        raise UnusableSet(f"{path} holds no question.", path=str(path))
    return EvaluationSet(path.stem, queries, lambda: iter(changes), index_key=str(path))


def _document(number: int, article: Mapping[str, Any]) -> DocumentChange:
    sections = [a_section(n, str(paragraph["context"])) for n, paragraph in enumerate(article["paragraphs"])]
    title = str(article.get("title", "")).replace("_", " ")
    return change_of(f"article-{number:05}", sections, title=title)


def _queries(number: int, article: Mapping[str, Any]) -> Iterator[JudgedQuery]:
    for ordinal, paragraph in enumerate(article["paragraphs"]):
        relevant = {section_id_of(f"article-{number:05}", ordinal): 1}
        for question in paragraph["qas"]:
            if str(question["question"]).strip():
                yield JudgedQuery(str(question["id"]), str(question["question"]), relevant)
