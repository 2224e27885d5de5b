"""Installations that journeys share; imported by the conftest of each folder of journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.sample_corpus import write_sample_corpus
from tests.support.installation import Installation, dataset_of, installation
from tests.support.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """Running services with 24 ingested documents, a tiny base model `tiny` and a completed dataset (its id)."""
    folder = tmp_path_factory.mktemp("clara")
    write_sample_corpus(folder / "corpus", documents=24)
    times = {"CLARA_LEASE_SECONDS": "3", "CLARA_HEARTBEAT_SECONDS": "1", "CLARA_GRACE_SECONDS": "10"}
    targets = {"CLARA_PUBLISH_TARGETS": f"file://{folder}/share"}
    with installation(folder / "home", CLARA_DEFAULT_BASE_MODEL="tiny", **times, **targets) as it:
        make_tiny_model(folder / "home" / "models" / "tiny")
        ingested = it.clara("ingest", str(folder / "corpus"), "--source", "sample")
        assert ingested.returncode == 0, ingested.stderr
        with it.client() as client:
            dataset = dataset_of(client, export_formats=["jsonl", "parquet", "csv"])
            assert dataset.status == "completed", dataset
        yield it, dataset.dataset_id


@pytest.fixture(scope="module")
def here(ready: tuple[Installation, str]) -> Path:
    return ready[0].home
