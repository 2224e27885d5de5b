"""The README of an export: tells people what it is and `datasets.load_dataset(folder)` which file is which split."""

import json
from collections.abc import Mapping
from pathlib import Path

from backend.datasets.export.base import BaseExporter
from shared.models.dataset import Split


def write_card(folder: Path, name: str, exporter: BaseExporter, rows: Mapping[Split, int]) -> None:
    """Write README.md beside the files of the splits."""
    files = [(split.value, f"{split.value}.{exporter.extension}") for split in Split if rows[split]]
    listed = "\n".join(f"  - split: {split}\n    path: {file}" for split, file in files)
    counts = "\n".join(f"| {split.value} | {rows[split]} |" for split in Split)
    (folder / "README.md").write_text(
        f"---\npretty_name: {json.dumps(name, ensure_ascii=False)}\nlanguage:\n- de\nconfigs:\n"
        f"- config_name: default\n  data_files:\n{listed}\n---\n\n# {name}\n\n"
        "No document stands in two splits. `manifest.json` holds the SHA-256 of every file.\n\n"
        f"| split | records |\n|---|---|\n{counts}\n",
        encoding="utf-8",
        newline="\n",
    )
