"""What a run leaves in its folder: figures, every answer, every query, and a picture."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.evaluate import SetResult
from shared.errors import Conflict, Unavailable

FIGURES = "figures.json"
RESULTS = "results.jsonl"
QUERIES = "queries.jsonl"
PICTURE = "ndcg.svg"


class RunExists(Conflict):
    """The folder holds a run; runs are never overwritten."""

    code = "evaluation_exists"


class CannotWriteRun(Unavailable):
    """The folder cannot be written."""

    code = "evaluation_not_written"


def claim_folder(folder: Path) -> None:
    """Make the folder, before hours of work are done for it.

    Raises:
        RunExists: If a run is there.
        CannotWriteRun: If it cannot be made.
    """
    if (folder / FIGURES).exists():
        raise RunExists(f"{folder} holds the figures of a run; name another folder with --out.", path=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CannotWriteRun(f"{folder} cannot be made: {exc.strerror or exc}.", path=str(folder)) from exc


def write_run(folder: Path, figures: Mapping[str, Any], measured: Sequence[SetResult]) -> None:
    """Write everything but the picture; the figures last, so that a folder with figures is whole.

    Raises:
        CannotWriteRun: If the disk is full or the folder is gone.
    """
    try:
        _write_lines(folder / QUERIES, _queries(measured))
        _write_lines(folder / RESULTS, _results(measured))
        text = json.dumps(figures, ensure_ascii=False, indent=2)
        (folder / FIGURES).write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as exc:
        raise CannotWriteRun(f"{folder} cannot be written: {exc.strerror or exc}.", path=str(folder)) from exc


def _queries(measured: Sequence[SetResult]) -> Iterator[Mapping[str, Any]]:
    for each in measured:
        for query in each.queries:
            yield {
                "set": each.name,
                "query_id": query.query_id,
                "kind": query.kind,
                "text": query.text,
                "relevant": dict(query.relevant),
                "contrary": sorted(query.contrary),
            }


def _results(measured: Sequence[SetResult]) -> Iterator[Mapping[str, Any]]:
    for each in measured:
        for ablation, results in each.results.items():
            for result in results:
                yield {
                    "set": each.name,
                    "ablation": ablation,
                    "query_id": result.query_id,
                    "kind": result.kind,
                    "measures": dict(result.measures),
                    "latency_ms": round(result.latency_ms, 3),
                    "found": list(result.found),
                }


def _write_lines(file: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
