"""Take samples of a document out of a finished report: its pages and details, not the figures."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.report.file_names import DETAILS_FILE, page_name
from backend.datasets.report.subject import Language
from shared.replacing import replacing
from shared.storage import disk_errors, reseal

ERASED = "[…]"
"""Stands where a sample was; the page has its record's id and split still."""


def redact_samples(report: Path, is_of_document: Callable[[str], bool]) -> int:
    """Empty the samples of a document; returns how many there were. A page that cannot be redacted is removed.

    Args:
        report: Folder of a report.
        is_of_document: Whether a record id is of the document.

    Raises:
        DiskFull: If the disk is full; doing it again goes on.
        NotWritable: If the folder cannot be written.
    """
    details_file = report / DETAILS_FILE
    if not details_file.is_file():
        return 0
    details = json.loads(details_file.read_text(encoding="utf-8"))
    gone = [each for each in details["samples"] if is_of_document(each["record_id"]) and each["text"] != ERASED]
    if not gone:
        return 0
    with disk_errors(report):
        for language in Language:
            _redact_page(report / page_name(language), gone)
        # last, since it tells whether there is something left to do
        kept = [_emptied(each) if each in gone else each for each in details["samples"]]
        _replace(details_file, json.dumps({**details, "samples": kept}, ensure_ascii=False) + "\n")
        reseal(report)
    return len(gone)


def _redact_page(page: Path, samples: Sequence[Mapping[str, Any]]) -> None:
    from markupsafe import escape

    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    for sample in samples:
        # as the page was written: what UTF-8 cannot hold was replaced there
        shown = str(escape(sample["text"])).encode("utf-8", "replace").decode()
        text = text.replace(f">{shown}", f">{ERASED}")
        if shown in text:
            page.unlink()
            return
    _replace(page, text)


def _emptied(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {**sample, "text": ERASED, "is_cut": False, "title": "", "section_number": ""}


def _replace(path: Path, text: str) -> None:
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "replace"))
