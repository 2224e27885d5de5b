"""Judged queries from a BEIR-shaped folder: corpus.jsonl, queries.jsonl and qrels/test.tsv with grades.

Queries without a relevant document are left out, as the benchmark does.

Source:
    Thakur et al. 2021, https://arxiv.org/abs/2104.08663
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.corpora.changes import a_section, change_of, document_id_of, section_id_of
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery, UnusableSet
from shared.database.search_store import DocumentChange

_QRELS = Path("qrels") / "test.tsv"


def beir_set(folder: Path) -> EvaluationSet:
    """The test queries of a folder; each document is a section of its own, with its title as its heading.

    Raises:
        UnusableSet: If a file is missing or not of that shape, naming file and line.
    """
    judgements = _judgements(folder / _QRELS)
    texts = {str(row["_id"]): str(row["text"]) for row in _rows(folder / "queries.jsonl", ("_id", "text"))}
    if unknown := sorted(judgements.keys() - texts.keys()):
        raise UnusableSet(f"{folder / _QRELS} judges query {unknown[0]}, which queries.jsonl lacks.", query=unknown[0])
    queries = tuple(JudgedQuery(key, texts[key], relevant) for key, relevant in sorted(judgements.items()))
    if not queries:
        raise UnusableSet(f"{folder / _QRELS} holds no judgement above 0.", path=str(folder))
    return EvaluationSet(folder.name, queries, lambda: _documents(folder / "corpus.jsonl"), index_key=str(folder))


def is_beir(folder: Path) -> bool:
    """Whether a folder looks like one."""
    return (folder / "corpus.jsonl").is_file()


def _documents(file: Path) -> Iterator[DocumentChange]:
    for row in _rows(file, ("_id", "text")):
        title = str(row.get("title") or "")
        yield change_of(document_id_of(str(row["_id"])), [a_section(0, str(row["text"]), title)], title=title)


def _judgements(file: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, row in enumerate(csv.reader(_lines(file), delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        try:
            query, document, grade = row[0], row[1], int(row[2])
        except (IndexError, ValueError) as exc:
            if number == 1 and len(row) == 3:
                continue  # names of the columns
            raise UnusableSet(f"{file}, line {number}: expected are query, document and a whole grade.") from exc
        if grade > 0:
            found.setdefault(query, {})[section_id_of(document_id_of(document), 0)] = grade
    return found


def _rows(file: Path, members: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [member for member in members if member not in row]
        except (ValueError, TypeError) as exc:
            raise UnusableSet(f"{file}, line {number} is not JSON: {exc}.") from exc
        if missing:
            raise UnusableSet(f"{file}, line {number} lacks {', '.join(missing)}.")
        yield row


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", newline="\n") as stream:
            yield from stream
    except (OSError, UnicodeDecodeError) as exc:
        raise UnusableSet(f"{file} cannot be read: {exc}.", path=str(file)) from exc
