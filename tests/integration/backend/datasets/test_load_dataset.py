"""`datasets.load_dataset` reads every export with equal rows and types, offline."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_plan import BuildResult
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from shared.models.dataset import RecordFormat, Split
from tests.support.dataset_builds import FROM_DOCUMENTS, a_plan, build, records
from tests.support.legal_texts import candidates

FORMATS = ["csv", "huggingface", "json", "jsonl", "parquet"]
SINGLE = ["csv", "json", "jsonl", "parquet"]
BUILDER = {"csv": "csv", "json": "json", "jsonl": "json", "parquet": "parquet"}


@pytest.fixture(scope="module", params=FROM_DOCUMENTS)
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


def _reading(export_format: str) -> dict[str, Any]:
    # pandas, which reads CSV there, takes an empty text for a missing one unless it is told
    return {"keep_default_na": False} if export_format == "csv" else {}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("export_format", SINGLE)
def test_an_export_loads_with_the_rows_of_the_dataset(built: BuildResult, export_format: str, load: Any) -> None:
    folder = built.export_paths[export_format]
    loaded = load(BUILDER[export_format], data_files=_files(folder, export_format), **_reading(export_format))

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
    loaded = load(str(built.export_paths[export_format]), **_reading(export_format))

    assert {name: part.num_rows for name, part in loaded.items()} == {
        split.value: len(records(built, split)) for split in Split
    }
    for split in Split:
        assert [_unfolded(row) for row in loaded[split.value]] == records(built, split)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("export_format", ["huggingface", "jsonl", "parquet"])
def test_the_card_says_what_the_library_finds(built: BuildResult, export_format: str, load: Any) -> None:
    import datasets

    folder = built.export_paths[export_format]
    card = datasets.info.DatasetInfosDict.from_directory(str(folder))["default"]
    loaded = load(str(folder))

    assert loaded["train"].features == card.features
    assert {name: split.num_examples for name, split in card.splits.items()} == {
        name: part.num_rows for name, part in loaded.items()
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("export_format", ["huggingface", "jsonl", "parquet"])
def test_shards_load_as_one_split_in_order(built: BuildResult, export_format: str, load: Any, tmp_path: Path) -> None:
    record_format = RecordFormat(records(built, Split.TRAIN)[0]["metadata"]["format"])
    order = ExportOrder("dataset_1", "x", built.records_dir, tmp_path / "cut", export_format, record_format)
    manifest = export_dataset(replace(order, shard_bytes=30_000))
    loaded = load(str(tmp_path / "cut"))

    assert len([name for name in manifest.files if "train-" in name]) > 3
    for split in Split:
        assert [_unfolded(row) for row in loaded[split.value]] == records(built, split)


def _unfolded(row: dict[str, Any]) -> dict[str, Any]:
    """Nested columns of a CSV are JSON text."""
    folded = {"metadata", "messages"}
    return {
        name: json.loads(value) if name in folded and isinstance(value, str) else value for name, value in row.items()
    }
