"""Two hundred federal laws as they are published, from the archive to the search."""

import tarfile
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from backend.datasets.build_plan import BuildResult
from backend.datasets.duplicates.finding import find_duplicates
from backend.datasets.duplicates.texts import ComparedText
from backend.datasets.ingest.pipeline import ingest_paths
from backend.datasets.records.candidates import Candidate
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.dataset_search import DatasetSearchAPI, DatasetSearchQuery
from shared.database.stores import Stores, open_stores
from shared.database.uds3_client import Uds3Client
from shared.models.dataset import Deduplication
from shared.models.search import SearchLeg
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.exact_pairs import exact_pairs, shingle_sets
from tests.support.shared_data import SHARED_DATA, needs_shared_data

ARCHIVE = SHARED_DATA / "gesetze.tar.xz"

pytestmark = needs_shared_data(ARCHIVE.name)


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 200 laws."""
    folder = tmp_path_factory.mktemp("gesetze")
    with tarfile.open(ARCHIVE) as archive:
        members = (member for member in archive if member.isfile() and member.name.endswith(".md"))
        for member in islice(members, 200):
            content = archive.extractfile(member)
            assert content is not None
            (folder / Path(member.name).name).write_bytes(content.read())
    return folder


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, laws: Path) -> Stores:
    """A database into which the laws were ingested."""
    opened = open_stores(f"sqlite:///{tmp_path_factory.mktemp('db') / 'clara.db'}")
    summary = ingest_paths([laws], store=opened.documents, source="gesetze", ingested_by="anna@amt.example")
    assert summary.problems == ()
    assert summary.counts.documents_new == 200
    yield opened
    opened.close()


def test_every_law_has_a_title_an_abbreviation_and_its_date(stores: Stores) -> None:
    documents = stores.documents.page(limit=200).items

    assert len(documents) == 200
    assert all(document.title and document.abbreviation for document in documents)
    assert all(len(document.metadata["ausfertigungsdatum"]) == len("2002-02-15") for document in documents)


def test_most_sections_carry_the_number_they_are_cited_by(stores: Stores) -> None:
    sections = [stored.section for stored in stores.documents.iter_sections()]

    numbered = [section for section in sections if section.number]
    assert len(sections) > 1000
    assert len(numbered) > 0.8 * len(sections)
    assert any(section.number.startswith("§") for section in numbered)
    assert any(section.number.startswith("Anlage") for section in numbered)


def test_a_second_run_finds_nothing_new(stores: Stores, laws: Path) -> None:
    again = ingest_paths([laws], store=stores.documents, source="gesetze", ingested_by="anna@amt.example")

    assert (again.counts.documents_unchanged, again.counts.sections) == (200, 0)


def test_a_dataset_of_them_has_no_twins_across_splits_and_hardly_any_within(stores: Stores, tmp_path: Path) -> None:
    found = [Candidate(stored, 0.5) for stored in stores.documents.iter_sections()]
    near = build(a_plan(tmp_path / "near"), found)
    off = build(a_plan(tmp_path / "off", deduplicate=Deduplication.OFF), found)

    assert near.statistics["sections"]["dropped"]["near_duplicate"] > 0
    assert near.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}
    assert off.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}
    assert off.statistics["sections"]["dropped"]["split_twin"] > 0
    assert all(len(splits) == 1 for splits in _splits_of_twins(near))
    assert _pairs_across_splits(near) == _pairs_across_splits(off) == 0
    # sections were compared: what merging and titles make alike may stay
    assert len(_splits_of_twins(near)) < len(_splits_of_twins(off))


def _pairs_across_splits(result: BuildResult) -> int:
    """Pairs of records in two splits that are 0.8 alike, by code of the tests alone."""
    records = all_records(result)
    splits = [record["metadata"]["split"] for record in records]
    pairs = exact_pairs(shingle_sets([record["text"] for record in records]))
    return sum(splits[one] != splits[other] for one, other in pairs)


def _splits_of_twins(result: BuildResult) -> list[set[str]]:
    """The splits in which each cluster of records stands whose whole texts say nearly the same."""
    records = {record["record_id"]: record for record in all_records(result)}
    texts = [ComparedText(record_id, record["text"]) for record_id, record in records.items()]
    clusters = find_duplicates(texts, open_file=TemporaryFile)
    members = ([each.representative, *(member.id for member in each.members)] for each in clusters)
    return [{records[record_id]["metadata"]["split"] for record_id in ids} for ids in members]


def test_every_citation_finds_its_section_first(stores: Stores, tmp_path: Path) -> None:
    client = Uds3Client(stores.documents, [EmbeddedSearchStore(tmp_path / "suche.db")])
    while client.drain():
        pass
    api = DatasetSearchAPI(client, stores.documents)
    cited = sorted(
        (
            stored
            for stored in stores.documents.iter_sections()
            if stored.section.number.startswith("§ ") and len(stored.section.text) > 80
        ),
        key=lambda stored: (stored.abbreviation, stored.section.ordinal),
    )
    alike = [stored for stored in cited if stored.abbreviation.startswith(("AEG", "AltersVersErhV"))]

    missed = []
    for stored in (*alike, *cited[:: len(cited) // 100]):
        query = f"{stored.section.number} {stored.abbreviation}"
        best = next(api.search(DatasetSearchQuery(query, top_k=1, search_types=(SearchLeg.KEYWORD,))))
        if (best.stored.section.number, best.stored.abbreviation) != (stored.section.number, stored.abbreviation):
            missed.append(query)

    assert missed == []
