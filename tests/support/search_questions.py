"""A small judged set of our own: 64 sections of invented ordinances, and questions with their answers."""

import json
from pathlib import Path

from backend.datasets.search_evaluation.corpora.laws import laws_at
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery

FOLDER = Path(__file__).parent / "search_set"
LAWS = laws_at(FOLDER / "satzungen")


def own_set(*kinds: str) -> EvaluationSet:
    """The questions of these kinds: question, citation, compound, negation; none: all."""
    ids = {
        f"{stored.abbreviation} {stored.section.number}": stored.section_id
        for change in LAWS.documents()
        for stored in change.sections
    }
    rows = [json.loads(line) for line in (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    queries = tuple(
        JudgedQuery(
            row["id"],
            row["text"],
            {ids[cited]: 1 for cited in row["relevant"]},
            row["kind"],
            frozenset(ids[cited] for cited in row["contrary"]),
        )
        for row in rows
        if not kinds or row["kind"] in kinds
    )
    return EvaluationSet("own", queries, LAWS.documents, index_key="own")
