"""Which export formats there are."""

import importlib
import sys
from pathlib import Path

import pytest

from backend.datasets import export
from backend.datasets.export.registry import UnknownExportFormat, exporter_for, installed_exporters

NEW_EXPORTER = '''
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, Row


class PlainExporter(BaseExporter):
    """Record ids, one per line."""

    format = "plain"
    extension = "txt"
    media_type = "text/plain"

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """One id per line."""
        path.write_text("".join(f"{row['record_id']}\\n" for row in rows), encoding="utf-8")

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The ids."""
        yield from ({"record_id": line} for line in path.read_text(encoding="utf-8").splitlines())
'''


def test_the_formats_of_the_contract_are_installed() -> None:
    assert list(installed_exporters()) == ["alpaca", "csv", "huggingface", "json", "jsonl", "parquet", "sharegpt"]


def test_an_unknown_format_names_the_nearest_one() -> None:
    with pytest.raises(UnknownExportFormat, match="Did you mean 'parquet'"):
        exporter_for("parket")


def test_a_new_exporter_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain_exporter.py").write_text(NEW_EXPORTER, encoding="utf-8")
    monkeypatch.setattr(export, "__path__", [*export.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    try:
        assert "plain" in installed_exporters()
        assert exporter_for("plain").extension == "txt"
    finally:
        sys.modules.pop(f"{export.__name__}.plain_exporter", None)
