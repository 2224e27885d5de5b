"""All stores that answer the graph list rank alike, as the formula says."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.adapters.neo4j import Neo4jStore
from shared.database.search_store import DocumentChange, Question, SearchStore, Seed
from shared.models.document import Section
from shared.models.search import RankedList, SearchFilters
from tests.support.bolt_server import PASSWORD, USER, BoltServer
from tests.support.graph_reference import reference_ranking
from tests.support.search import a_document, change_of

LAWS = ("VwVfG", "BGB", "AO 1977", "AO", "StPO", "GebG", "SGB V", "X-YG")
FILTERS = (
    SearchFilters(),
    SearchFilters(source=("amt",)),
    SearchFilters(abbreviation=("BGB", "AO")),
    SearchFilters(valid_on=date(2021, 6, 1)),
    SearchFilters(source=("gericht",), valid_on=date(2019, 6, 1)),
)


def corpus(seed: int) -> list[DocumentChange]:
    """Laws and decrees that cite each other, themselves and what is not there."""
    chance = random.Random(seed)
    changes = []
    for number, law in enumerate((*LAWS, *[""] * 6)):
        sections = []
        for ordinal in range(chance.choice((1, 2, 3, 5, 14))):
            cited = [f"§ {chance.randint(1, 9)} {chance.choice((*LAWS, ''))}" for _ in range(chance.randint(0, 4))]
            text = "Dies gilt nach " + ", auch ".join(cited)
            since = date(2020, 1, 1) if chance.random() < 0.3 else None
            sections.append(
                Section(ordinal, "", text, 0, len(text), f"§ {ordinal + 1}" if law else "", valid_from=since)
            )
        source = chance.choice(("amt", "gericht"))
        changes.append(change_of(a_document(f"doc_{number}", len(sections), source=source, abbreviation=law), sections))
    return changes


def questions(changes: list[DocumentChange], seed: int) -> Iterator[Question]:
    """A question under each set of filters, with seeds that are there and one that is not."""
    sections = [stored.section_id for change in changes for stored in change.sections]
    chance = random.Random(seed)
    for filters in FILTERS:
        chosen = [*chance.sample(sections, 8), "doc_fehlt:1:0"]
        weights = [round(1 / (place + 1), 3) for place in range(len(chosen))]
        yield Question("x", filters, seeds=tuple(map(Seed, chosen, weights)))


def ranking(store: SearchStore, question: Question, top_k: int = 1000) -> list[tuple[str, float]]:
    """Ids and scores."""
    return [(hit.section_id, hit.score) for hit in store.rank(RankedList.GRAPH, question, top_k=top_k)]


@pytest.fixture
def graph(bolt_server: BoltServer, bolt_database: str) -> Iterator[Neo4jStore]:
    """The graph store, empty."""
    opened = Neo4jStore(bolt_server.uri, USER, PASSWORD, database=bolt_database, timeout_s=20)
    opened.rebuild([])
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_graph_store_ranks_as_the_formula_says(graph: Neo4jStore, seed: int) -> None:
    changes = corpus(seed)
    graph.apply_many(changes)

    for question in questions(changes, seed):
        found = ranking(graph, question)

        assert found == sorted(found, key=lambda line: (-line[1], line[0]))
        rounded = sorted(((one, round(score, 9)) for one, score in found), key=lambda line: (-line[1], line[0]))
        assert rounded == reference_ranking(changes, question.seeds, question.filters)
        assert ranking(graph, question, top_k=7) == found[:7]


@pytest.mark.skipif(
    RankedList.GRAPH not in getattr(EmbeddedSearchStore, "lists", ()), reason="the embedded store has no graph list"
)
def test_the_embedded_store_ranks_alike_to_the_last_bit(graph: Neo4jStore, tmp_path: Path) -> None:
    embedded: SearchStore = EmbeddedSearchStore(tmp_path / "search.db")  # type: ignore[assignment, unused-ignore]
    changes = corpus(3)
    graph.apply_many(changes)
    embedded.rebuild(changes)

    for question in questions(changes, 3):
        assert ranking(graph, question) == ranking(embedded, question)
    embedded.close()
