"""The head of a dataset card: what the hub, and `datasets.load_dataset(folder)`, read.

Source: https://huggingface.co/docs/hub/datasets-cards
"""

from collections.abc import Mapping
from typing import Any

from backend.datasets.export.base import BaseExporter
from backend.datasets.export.features import features_of
from backend.datasets.export.order import ExportOrder, Written
from shared.models.dataset import Split

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = "1M<n<10M"
_DEFAULT_LANGUAGE = "de"


def card_header(order: ExportOrder, exporter: BaseExporter, written: Written, *, download_bytes: int) -> str:
    """The YAML block with its fences; `download_bytes` is the size of all files of the splits."""
    import yaml

    fields = {
        "pretty_name": order.dataset_name,
        # official works, permits and judgements in one: the body says what each source is under
        "license": "other",
        "license_name": "see-sources",
        "language": [written.records.get("quality", {}).get("language", _DEFAULT_LANGUAGE)],
        "size_categories": [_size(sum(split.rows for split in written.splits.values()))],
        "task_categories": ["text-generation"],
        "configs": [{"config_name": "default", "data_files": _data_files(written)}],
        "dataset_info": _dataset_info(exporter, written, download_bytes),
    }
    return f"---\n{yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=1_000)}---\n"


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGER)


def _data_files(written: Written) -> list[dict[str, Any]]:
    return [
        {"split": split.value, "path": part.names[0] if len(part.files) == 1 else list(part.names)}
        for split, part in written.splits.items()
        if part.files
    ]


def _dataset_info(exporter: BaseExporter, written: Written, download_bytes: int) -> Mapping[str, Any]:
    filled: list[tuple[Split, Any]] = [(split, part) for split, part in written.splits.items() if part.files]
    sizes = {
        "splits": [
            {"name": split.value, "num_bytes": part.size_bytes, "num_examples": part.rows} for split, part in filled
        ],
        "download_size": download_bytes,
        "dataset_size": sum(part.size_bytes for _, part in filled),
    }
    # where files hold other columns than the records, readers must look for themselves
    features = {"features": features_of(exporter.columns)} if exporter.has_record_columns else {}
    return {**features, **sizes}
