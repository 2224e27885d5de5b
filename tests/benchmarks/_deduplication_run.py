"""One run of ours in a process of its own: `python -m tests.benchmarks._deduplication_run FILE VARIANTS`."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from backend.datasets.duplicates.finding import DuplicateFinder
from backend.datasets.duplicates.texts import Cluster, ComparedText

_CHANGED_EVERY = 20
_AT_ONCE = 500


def _texts(file: Path, variants: int) -> Iterator[ComparedText]:
    for variant in range(variants):
        with file.open(encoding="utf-8") as stream:
            for line in stream:
                record = json.loads(line)
                text_id = record["id"] if variants == 1 else f"{record['id']}-{variant}"
                yield ComparedText(text_id, _varied(record["text"], variant) if variant else record["text"])


def _varied(text: str, variant: int) -> str:
    words = text.split(" ")
    for place in range(variant, len(words), _CHANGED_EVERY):
        words[place] += f"x{variant}"
    return " ".join(words)


def main() -> None:
    file, variants = Path(sys.argv[1]), int(sys.argv[2])
    with DuplicateFinder(tempfile.TemporaryFile) as finder:
        size_bytes, added_s = _add(finder, _texts(file, variants))
        started = time.process_time()
        clusters = list(finder.clusters())
        compared_s = time.process_time() - started
    figures = {
        "megabytes": size_bytes / 1e6,
        "cpu_s": {"signatures": added_s, "clusters": compared_s},
        "peak_rss_mb": _peak_rss_mb(),
        "clusters": _numbered(clusters) if variants == 1 else [],
    }
    print(json.dumps(figures))


def _add(finder: DuplicateFinder, texts: Iterator[ComparedText]) -> tuple[int, float]:
    """Bytes and CPU seconds."""
    size_bytes, added_s = 0, 0.0
    while some := list(islice(texts, _AT_ONCE)):
        size_bytes += sum(len(text.text.encode()) for text in some)
        started = time.process_time()
        finder.add(some)
        added_s += time.process_time() - started
    return size_bytes, added_s


def _numbered(clusters: Sequence[Cluster]) -> list[tuple[int, list[int]]]:
    return [(int(each.representative), [int(member.id) for member in each.members]) for each in clusters]


def _peak_rss_mb() -> int:
    """Peak of this process alone; `ru_maxrss` would begin with that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
