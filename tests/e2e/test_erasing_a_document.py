"""Somebody has the right to be forgotten: a document is found, built into a dataset, erased, and stays away."""

import json
from pathlib import Path
from typing import Any

import pytest

from frontend.client.clara_client import ClaraClient
from frontend.client.errors import ServiceConflict, ServiceNotFound
from tests.support.installation import Installation, dataset_of, installation

SECRET = "Krausebergweg"
TEXT = """# Satzung {number} über die Benutzung der Grünanlagen

## § 1 Zweck der Satzung

Die Gemeinde erhebt für die Benutzung der öffentlichen Grünanlagen am {place} Gebühren nach dieser Satzung, soweit
die Nutzung über den Gemeingebrauch hinausgeht und nicht im Interesse der Allgemeinheit liegt; § {number} VwVfG gilt.

## § 2 Schuldner der Gebühr

Zur Zahlung ist verpflichtet, wer die Anlage am {place} benutzt oder durch andere benutzen lässt; mehrere Schuldner
haften der Gemeinde nach Maßgabe der Satzung {number} als Gesamtschuldner.
"""
PLACES = {1: "Lindenplatz", 2: SECRET, 3: "Ufergarten", 4: "Marktanger"}
REASON = "Löschung nach Art. 17 DSGVO"


def _json(it: Installation, *arguments: str) -> Any:
    ran = it.clara(*arguments, "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def _found(client: ClaraClient, *types: str) -> list[str]:
    chosen: dict[str, Any] = {"search_types": list(types)} if types else {}
    page = client.datasets.search(SECRET, limit=50, min_quality_score=0, **chosen)
    return [each.document_id for each in page.results]


def _streamed(client: ClaraClient) -> set[str]:
    query = {"query_text": "*", "min_quality_score": 0}
    return {each["document_id"] for each in client.datasets.stream("alles", search_query=query)}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, place in PLACES.items():
        (folder / f"{number}.md").write_text(TEXT.format(number=number, place=place), encoding="utf-8")
    return folder


def test_an_erased_document_is_nowhere_and_never_comes_back(tmp_path: Path, corpus: Path) -> None:
    settings = {"CLARA_POLL_SECONDS": "0.1"}
    with installation(tmp_path / "home", services=("datasets",), **settings) as it, it.client() as client:
        assert it.clara("ingest", str(corpus), "--source", "amt").returncode == 0
        (gone,) = (each.document_id for each in client.documents.iterate() if each.path == "2.md")
        dataset_id = dataset_of(client, export_formats=["jsonl"]).dataset_id
        assert gone in _found(client)
        assert gone in _streamed(client)
        seen = client.erasure.uses(gone)
        assert [(each.dataset_id, each.is_withdrawn) for each in seen.datasets] == [(dataset_id, False)]

        (erased,) = _json(it, "erase", gone, "--reason", REASON, "--yes")["documents"]

        assert (erased["is_new"], erased["pending_stores"]) == (True, {})
        for types in ((), ("keyword",), ("vector",), ("graph",)):
            assert gone not in _found(client, *types)
        with pytest.raises(ServiceNotFound):
            client.documents.get(gone)
        assert gone not in _streamed(client)
        _stays_away(it, client, corpus, gone)
        _is_withdrawn(client, dataset_id)
        entries = _json(it, "audit", "list", "--action", "document.erased")["entries"]
        assert [(each["object_id"], each["detail"]["reason"]) for each in entries] == [(gone, REASON)]
        assert it.clara("audit", "verify").returncode == 0
        assert _json(it, "reconcile")["differences"] == 0
    _is_on_no_disk_but_in_the_withdrawn_version(tmp_path / "home", dataset_id)


def _stays_away(it: Installation, client: ClaraClient, corpus: Path, gone: str) -> None:
    again = it.clara("ingest", str(corpus), "--source", "amt", "--json")
    assert again.returncode == 1, again.stdout + again.stderr
    (refused,) = json.loads(again.stdout)["failed"]
    assert (refused["path"], "was erased" in refused["reason"]) == ("2.md", True)
    assert gone not in [each.document_id for each in client.documents.iterate()]
    following = dataset_of(client, name="danach")
    assert gone not in {each["document_id"] for each in client.datasets.records(following.dataset_id)}


def _is_withdrawn(client: ClaraClient, dataset_id: str) -> None:
    assert "was erased" in (client.datasets.get(dataset_id).withdrawn_reason or "")
    with pytest.raises(ServiceConflict, match="withdrawn"):
        client.datasets.export(dataset_id, "csv")
    *_, last = client.versions.events(dataset_id)
    assert last.payload["reason"] == "withdrawn"


def _is_on_no_disk_but_in_the_withdrawn_version(home: Path, dataset_id: str) -> None:
    holding = {
        path for path in home.rglob("*") if path.is_file() and SECRET.lower().encode() in path.read_bytes().lower()
    }
    assert {path.relative_to(home).parts[:3] for path in holding} == {("data", "datasets", dataset_id)}
