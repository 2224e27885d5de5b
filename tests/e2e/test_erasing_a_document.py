"""Somebody has the right to be forgotten: a document is found, built into a dataset, erased, and stays away."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import Installation, installation

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


def _found(it: Installation, *types: str) -> list[str]:
    chosen = [part for each in types for part in ("--search-type", each)]
    return [each["document_id"] for each in _json(it, "search", SECRET, *chosen, "--limit", "50")["results"]]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, place in PLACES.items():
        (folder / f"{number}.md").write_text(TEXT.format(number=number, place=place), encoding="utf-8")
    return folder


def test_an_erased_document_is_nowhere_and_never_comes_back(tmp_path: Path, corpus: Path) -> None:
    with installation(tmp_path / "home", services=("datasets",), CLARA_POLL_SECONDS="0.1") as it:
        assert it.clara("ingest", str(corpus), "--source", "amt").returncode == 0
        documents = _json(it, "documents", "list")["documents"]
        (gone,) = (each["document_id"] for each in documents if each["path"] == "2.md")
        order = ("datasets", "create", "satzungen", "--query", "*", "--top-k", "100", "--format", "jsonl", "--wait")
        dataset_id = _json(it, *order)["dataset_id"]
        assert gone in _found(it)

        seen = _json(it, "erase", gone, "--dry-run")["documents"][0]
        assert [(each["dataset_id"], each["is_withdrawn"]) for each in seen["datasets"]] == [(dataset_id, False)]
        (erased,) = _json(it, "erase", gone, "--reason", REASON, "--yes")["documents"]

        assert (erased["is_new"], erased["pending_stores"]) == (True, {})
        for types in ((), ("keyword",), ("vector",), ("graph",)):
            assert gone not in _found(it, *types)
        assert it.clara("documents", "show", gone).returncode == 4
        _stays_away(it, corpus, gone)
        _is_withdrawn(it, dataset_id)
        entries = _json(it, "audit", "list", "--action", "document.erased")["entries"]
        assert [(each["object_id"], each["detail"]["reason"]) for each in entries] == [(gone, REASON)]
        assert it.clara("audit", "verify").returncode == 0
        differences = _json(it, "reconcile")
        assert differences["differences"] == 0
    _is_on_no_disk_but_in_the_withdrawn_version(tmp_path / "home", dataset_id)


def _stays_away(it: Installation, corpus: Path, gone: str) -> None:
    again = it.clara("ingest", str(corpus), "--source", "amt", "--json")
    assert again.returncode == 1, again.stdout + again.stderr
    (refused,) = json.loads(again.stdout)["failed"]
    assert (refused["path"], "was erased" in refused["reason"]) == ("2.md", True)
    assert gone not in [each["document_id"] for each in _json(it, "documents", "list")["documents"]]
    following = ("datasets", "create", "danach", "--query", "*", "--top-k", "100", "--format", "jsonl", "--wait")
    with it.client() as client:
        records = client.datasets.records(_json(it, *following)["dataset_id"])
        assert gone not in {each["document_id"] for each in records}


def _is_withdrawn(it: Installation, dataset_id: str) -> None:
    shown = _json(it, "datasets", "show", dataset_id)
    assert "was erased" in shown["withdrawn_reason"]
    assert it.clara("datasets", "export", dataset_id, "--format", "csv").returncode == 5
    events = it.clara("datasets", "events", dataset_id, "--json").stdout.splitlines()
    assert json.loads(events[-1])["payload"]["reason"] == "withdrawn"


def _is_on_no_disk_but_in_the_withdrawn_version(home: Path, dataset_id: str) -> None:
    holding = {
        path for path in home.rglob("*") if path.is_file() and SECRET.lower().encode() in path.read_bytes().lower()
    }
    assert {path.relative_to(home).parts[:3] for path in holding} == {("data", "datasets", dataset_id)}
