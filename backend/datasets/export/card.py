"""The README of an export: what it is, where it comes from, what was left out and why, and how to check it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter
from backend.datasets.export.card_header import card_header
from backend.datasets.export.order import ExportOrder, Written
from shared.models.dataset import Split

CARD_FILE = "README.md"


def write_card(folder: Path, order: ExportOrder, exporter: BaseExporter, written: Written) -> None:
    """Write the card beside the files of the splits."""
    files = [name for part in written.splits.values() for name in part.files]
    header = card_header(order, exporter, written, download_bytes=sum((folder / name).stat().st_size for name in files))
    body = "\n\n".join(
        block
        for block in (
            f"# {_line(order.dataset_name)}",
            order.description.strip(),
            *_sources(written),
            *_query(order),
            *_filters(order.described.get("sections", {})),
            *_personal_data(written),
            *_splits(order, written),
            *_limits(),
            *_integrity(order, written),
        )
        if block
    )
    (folder / CARD_FILE).write_text(f"{header}\n{body}\n", encoding="utf-8", newline="\n")


def _sources(written: Written) -> Iterator[str]:
    yield "## Sources and licences"
    rows = ((source, licence or "not stated", count) for (source, licence), count in written.sources.counts.items())
    yield _table(("source", "licence", "records"), rows)
    yield (
        "Every record names its document, the version of the document, its source and the place in it; `manifest.json` "
        "identifies the versions of all documents by one hash."
    )


def _query(order: ExportOrder) -> Iterator[str]:
    search = order.request.get("search_query")
    if search:
        yield "## Query"
        yield _table(("part", "value"), ((name, _value(value)) for name, value in search.items() if value))


def _filters(sections: Mapping[str, Any]) -> Iterator[str]:
    if sections:
        yield "## Filters"
        yield f"{sections['found']} sections were found, {sections['kept']} of them were kept. The others, by reason:"
        yield _table(("reason", "sections"), sorted(sections["dropped"].items()))


def _personal_data(written: Written) -> Iterator[str]:
    yield "## Personal data"
    policy = written.records.get("personal_data_policy", "none")
    yield (
        f"Policy: `{policy}`. Recognisers miss some personal data; a treated dataset is a smaller risk, not an "
        "anonymous one."
    )


def _splits(order: ExportOrder, written: Written) -> Iterator[str]:
    yield "## Splits"
    yield _table(("split", "records"), ((split.value, part.rows) for split, part in written.splits.items()))
    method = written.records.get("split")
    if method:
        shares = ", ".join(f"{split.value} {method['shares'].get(split.value, 0):g}" for split in Split)
        yield f"By document: {method['algorithm']}, seed {method['seed']}, shares {shares}."
    leak = order.described.get("split_leak")
    found = ", ".join(f"{name} {count}" for name, count in leak.items()) if leak else ""
    yield "No document stands in two splits." + (f" Measured on the finished records: {found} in two." if found else "")


def _limits() -> Iterator[str]:
    yield "## Known limits"
    yield (
        "Texts are those of the documents on the day they were ingested; later changes of the law are not in them. "
        "Quality scores judge the form of a text, not whether what it says is right or in force. Relevance belongs to "
        "the query."
    )


def _integrity(order: ExportOrder, written: Written) -> Iterator[str]:
    yield "## Integrity"
    yield _table(
        ("of", "SHA-256"),
        (
            ("records of the dataset (its version)", written.records.get("content_sha256", "")),
            ("records of this export", written.content_sha256),
            ("versions of all documents", written.sources.as_json()["snapshot_sha256"]),
        ),
    )
    yield (
        f"Dataset `{order.dataset_id}`, quality profile `{written.records.get('quality_profile', '')}`. `SHA256SUMS` "
        "is for `sha256sum --check`; `manifest.json` says the same of every file, with rows, options and thresholds."
    )


def _table(head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_line(str(cell)) for cell in line) + " |" for line in lines)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_value(each)}" for name, each in value.items() if each)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _line(text: str) -> str:
    """Text of somebody else within a table or heading: one line, no cell of its own, no markup."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
