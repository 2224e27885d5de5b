"""The hash of a version depends on documents, pipeline version and parameters, and on nothing else (D2)."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from backend.datasets.build_plan import BuildResult
from backend.datasets.ingest.pipeline import ingest_paths
from backend.datasets.models import SearchRequest
from backend.datasets.pii.treating import personal_data_of
from backend.datasets.quality.normalise import normalise
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.passages import CharacterLimit
from backend.datasets.searching import DocumentSearch
from backend.datasets.sorted_index import counts
from backend.datasets.splits import SplitPlan
from shared.database.stores import memory_stores
from shared.database.uds3_client import Uds3Client
from shared.models.dataset import Deduplication, RecordFormat
from shared.models.review import ReviewState, text_key_of
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.legal_texts import candidates, section_text

PSEUDONYMS = "name: ours\nversion: 1\ndescription: Same people.\nkinds:\n  person: {action: pseudonymise}\n"
FOUND = list(candidates(6))


def _hash(folder: Path, found: list[Candidate] = FOUND, rulings: Any = None, **changes: Any) -> str:
    return build(a_plan(folder, **changes), found, rulings=rulings).version_sha256


def _on_another_installation(candidate: Candidate) -> Candidate:
    stored = replace(
        candidate.stored, document_id=f"doc_x{candidate.stored.document_id}", version=9, section_id="x:9:1"
    )
    return replace(candidate, stored=stored, relevance=candidate.relevance / 2)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _hash(tmp_path_factory.mktemp("plain") / "1")


def test_order_of_search_ids_names_and_exports_do_not_count(tmp_path: Path, plain: str) -> None:
    assert _hash(tmp_path / "1", list(reversed(FOUND))) == plain
    assert _hash(tmp_path / "2", [_on_another_installation(each) for each in FOUND]) == plain
    assert _hash(tmp_path / "3", dataset_id="dataset_2", name="Anders", export_formats=["csv"]) == plain
    order = {"name": "x", "description": "y", "parent": "dataset_1", "export_formats": ["csv"]}
    assert _hash(tmp_path / "4", order=order) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"record_format": RecordFormat.MESSAGES},
        {"split": SplitPlan(seed=7)},
        {"limit": CharacterLimit(500)},
        {"min_quality_score": 0.6},
        {"deduplicate": Deduplication.OFF},
        {"order": {"search_query": {"top_k": 7}}},
    ],
    ids=str,
)
def test_every_parameter_counts(tmp_path: Path, plain: str, changes: dict[str, Any]) -> None:
    assert _hash(tmp_path / "1", **changes) != plain


def test_what_is_done_with_personal_data_counts(tmp_path: Path, plain: str) -> None:
    assert _hash(tmp_path / "1", personal_data=personal_data_of("default", None)) != plain


def test_the_key_of_pseudonyms_counts_where_pseudonyms_are_made_and_is_not_told(tmp_path: Path) -> None:
    policy = tmp_path / "ours.yaml"
    policy.write_text(PSEUDONYMS, encoding="utf-8")
    treated = [personal_data_of(str(policy), SecretStr(key * 16)) for key in "kko"]
    first, again, other = (_hash(tmp_path / str(number), personal_data=each) for number, each in enumerate(treated))

    assert first == again
    assert first != other
    assert "kkkk" not in json.dumps(treated[0].parameters)
    # a key that nothing is made with decides nothing
    plain = personal_data_of("default", None).parameters
    assert personal_data_of("default", SecretStr("k" * 16)).parameters == plain


def test_every_document_and_every_ruling_counts(tmp_path: Path, plain: str) -> None:
    section = FOUND[0].section
    changed = replace(FOUND[0].stored, section=replace(section, text=section.text + " Neu."))
    rulings = {text_key_of(normalise(section.text)): ReviewState.REJECTED}

    assert _hash(tmp_path / "1", FOUND[1:]) != plain
    assert _hash(tmp_path / "2", [replace(FOUND[0], stored=changed), *FOUND[1:]]) != plain
    assert _hash(tmp_path / "3", [*FOUND, *list(candidates(7))[-1:]]) != plain
    assert _hash(tmp_path / "4", rulings=rulings) != plain


def test_the_licence_of_a_document_counts_and_changes_that_document_alone(tmp_path: Path) -> None:
    both = [licensed(tmp_path / "docs", tmp_path / str(number), said) for number, said in enumerate(("CC0", "Keine"))]
    first, second = both

    assert {each["metadata"]["licence"] for each in all_records(second)} == {"Keine", "CC BY 4.0"}
    assert first.version_sha256 != second.version_sha256
    changed = {"added": 0, "removed": 0, "changed": 1, "unchanged": 2}
    assert counts(*(each.records_dir.parent / "lineage" / "documents.tsv" for each in both)) == changed


def licensed(documents: Path, folder: Path, licence: str) -> BuildResult:
    """A dataset of three documents as they are registered and found, of which the first one says a licence."""
    documents.mkdir(exist_ok=True)
    for number, said in enumerate((licence, "CC BY 4.0", "CC BY 4.0")):
        sections = "\n\n".join(f"## § {place} Ding {place}\n\n{section_text(number, place)}" for place in range(1, 4))
        text = f"---\ntitle: Satzung {number}\nlicence: {said}\n---\n# Satzung {number}\n\n{sections}\n"
        (documents / f"{number}.md").write_text(text, encoding="utf-8")
    stores = memory_stores()
    ingest_paths([documents], store=stores.documents, source="amt", ingested_by="anna")
    with closing(DocumentSearch(Uds3Client(stores.documents, []), stores.documents)) as search:
        return build(a_plan(folder), search.find(SearchRequest(query_text="*")).candidates)


def test_another_way_of_measuring_counts_whatever_the_profile(
    tmp_path: Path, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.datasets.quality.pipeline.NORMALISE_VERSION", "next")

    assert _hash(tmp_path / "1") != plain


def test_another_pipeline_gives_another_hash(tmp_path: Path, plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.datasets.version_hash.PIPELINE_VERSION", "next")

    assert _hash(tmp_path / "1") != plain
