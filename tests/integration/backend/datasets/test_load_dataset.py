"""`datasets.load_dataset` reads every export with equal rows and types, offline."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_plan import BuildResult
from shared.models.dataset import RecordFormat, Split
from tests.support.dataset_builds import a_plan, build, records
from tests.support.legal_texts import candidates

FORMATS = ["csv", "json", "jsonl", "parquet"]
BUILDER = {"csv": "csv", "json": "json", "jsonl": "json", "parquet": "parquet"}


@pytest.fixture(scope="module", params=list(RecordFormat))
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    folder = tmp_path_factory.mktemp("dataset") / "1"
    return build(a_plan(folder, record_format=request.param, export_formats=FORMATS), candidates(40))


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return lambda *args, **options: datasets.load_dataset(*args, cache_dir=str(tmp_path / "cache"), **options)


def _files(folder: Path, extension: str) -> dict[str, str]:
    return {split.value: str(folder / f"{split.value}.{extension}") for split in Split}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("export_format", FORMATS)
def test_an_export_loads_with_the_rows_of_the_dataset(built: BuildResult, export_format: str, load: Any) -> None:
    folder = built.export_paths[export_format]
    loaded = load(BUILDER[export_format], data_files=_files(folder, export_format))

    for split in Split:
        rows = [_unfolded(row) for row in loaded[split.value]]
        assert rows == records(built, split)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_jsonl_json_and_parquet_load_with_the_same_types(built: BuildResult, load: Any) -> None:
    features = [
        load(BUILDER[name], data_files=_files(built.export_paths[name], name))["train"].features
        for name in ("jsonl", "json", "parquet")
    ]

    assert features[0] == features[1] == features[2]
    assert str(features[0]["metadata"]["valid_from"]) == "Value('string')"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("export_format", FORMATS)
def test_the_folder_itself_loads_with_its_splits(built: BuildResult, export_format: str, load: Any) -> None:
    loaded = load(str(built.export_paths[export_format]))

    assert {name: part.num_rows for name, part in loaded.items()} == {
        split.value: len(records(built, split)) for split in Split
    }


def _unfolded(row: dict[str, Any]) -> dict[str, Any]:
    """Nested columns of a CSV are JSON text."""
    folded = {"metadata", "messages"}
    return {
        name: json.loads(value) if name in folded and isinstance(value, str) else value for name, value in row.items()
    }
