"""The process behind `clara stores` and `clara reconcile`, on real stores below a folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.search_stores import search_folder
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.stores import Stores, open_stores
from tests.support.store_values import a_document

Upkeep = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def env(tmp_path: Path, sqlite_url: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_HOME": str(tmp_path / "home"),
        "CLARA_DATABASE_URL": sqlite_url,
    }


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[Stores]:
    opened = open_stores(sqlite_url)
    opened.documents.put_many([a_document(f"{number:02}.md") for number in range(30)])
    yield opened
    opened.close()


@pytest.fixture
def upkeep(env: Mapping[str, str], stores: Stores) -> Upkeep:
    """Runs one task; returns its lines."""

    def run(*arguments: str, code: int = 0, **more: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "backend.datasets.upkeep", *arguments]
        done = subprocess.run(command, env={**env, **more}, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_stores_are_built_compared_and_mended(upkeep: Upkeep, env: Mapping[str, str]) -> None:
    (status,) = upkeep("status")
    assert status["documents"] == 30
    assert "not been built" in {each["name"]: each["answer"] for each in status["stores"]}["embedded"]
    assert upkeep("reconcile", "--", "embedded")[-1]["unreadable"] == 1

    *progress, rebuilt = upkeep("rebuild")
    assert set(rebuilt["rebuilt"].values()) == {30}
    assert {line["event"] for line in progress} == {"progress"}
    assert {each["answer"] for each in upkeep("status")[-1]["stores"]} == {"ok"}

    store = EmbeddedSearchStore(search_folder(Path(env["CLARA_HOME"])) / "sections.db")
    store.forget([next(iter(store.held())).document_id])
    assert upkeep("reconcile")[-1]["open"] == 1
    assert upkeep("reconcile", "--repair")[-1]["open"] == 0
    assert upkeep("reconcile")[-1]["differences"] == 0


def test_an_unknown_store_and_impossible_settings_are_refused(upkeep: Upkeep, tmp_path: Path) -> None:
    (unknown,) = upkeep("rebuild", "--", "neo4j", code=2)
    (nothing,) = upkeep("status", code=2, CLARA_UDS3_EMBEDDED="false")
    sources = tmp_path / "sources.yaml"
    sources.write_text("sources: [{kind: oracle}]", encoding="utf-8")
    (wrong,) = upkeep("status", code=2, CLARA_UDS3_SOURCES_FILE=str(sources))

    assert (unknown["event"], unknown["code"], unknown["family"]) == ("error", "unknown_search_store", "NotFound")
    assert (nothing["code"], nothing["family"]) == ("no_search_store", "InvalidInput")
    assert (wrong["code"], "oracle" in wrong["message"]) == ("invalid_sources_file", True)


def test_a_database_that_is_away_is_told_and_the_others_are_served(upkeep: Upkeep) -> None:
    upkeep("rebuild", "--", "embedded")

    (status,) = upkeep("status", COUCH_URL="http://127.0.0.1:9", NEO4J_URI="bolt://127.0.0.1:9")

    answers = {each["name"]: each["answer"] for each in status["stores"]}
    assert answers["embedded"] == "ok"
    assert "127.0.0.1:9" in answers["couchdb"]
    assert "127.0.0.1:9" in answers["neo4j"]
    failed = upkeep("rebuild", "--", "couchdb", code=2, COUCH_URL="http://127.0.0.1:9")[-1]
    assert failed["family"] == "Unavailable"
