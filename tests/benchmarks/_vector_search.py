"""Fill or search one file of embedded vectors: `python -m tests.benchmarks._vector_search fill|search FILE …`."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.database.adapters.embedded_vectors import EmbeddedVectorStore
from shared.database.search_store import DocumentChange, Question
from shared.models.document import Section
from shared.models.search import RankedList, SearchFilters
from tests.support.search import a_document, change_of

SECTIONS_PER_LAW = 15
TOP_K = 2000


def fill(file: Path, source: Path, sections: int) -> dict[str, Any]:
    """Real vectors first; what is missing are variations of them, each a third of another direction."""
    real = np.load(source, mmap_mode="r")
    store = _store(file, real.shape[1])
    started = time.perf_counter()
    store.rebuild(_changes(real, sections))
    seconds = time.perf_counter() - started
    return {"index_s": round(seconds, 1), "file_mb": round(file.stat().st_size / 1e6)}


def search(file: Path, queries: Path) -> dict[str, Any]:
    """Latencies of the second time round, when all is in memory, and memory beside an interpreter with numpy."""
    vectors = np.load(queries)
    store = _store(file, vectors.shape[1])
    before_mb = _rss_mb()
    started = time.perf_counter()
    list(_asked(store, vectors[0], 1))
    first_s = time.perf_counter() - started
    held_mb = _rss_mb() - before_mb
    found: dict[str, Any] = {"first_search_s": round(first_s, 2), "rss_added_mb": round(held_mb)}
    for top_k in (100, TOP_K):
        times = [_timed(store, vector, top_k) for vector in vectors]
        found[f"top_{top_k}"] = _percentiles(times)
    filters = SearchFilters(source=("amt-1",))
    found["top_2000_filtered"] = _percentiles([_timed(store, vector, TOP_K, filters) for vector in vectors])
    found["rss_added_after_mb"] = round(_rss_mb() - before_mb)
    return found


def recall(file: Path, source: Path, queries: Path) -> dict[str, float]:
    """Share of the exact best k that are among the first k found."""
    real, vectors = np.load(source), np.load(queries)
    store = _store(file, real.shape[1])
    shares: dict[int, list[float]] = {10: [], 100: [], TOP_K: []}
    for vector in vectors[:100]:
        products = real @ vector
        numbers = [_number(hit.section_id) for hit in _asked(store, vector, 2 * TOP_K)]
        hits = [number for number in numbers if number < len(real)]  # the others are variations
        for top_k, found in shares.items():
            edge = np.partition(products, -top_k)[-top_k]
            good = sum(products[number] >= edge - 1e-3 for number in hits[:top_k])
            found.append(good / min(top_k, int((products > 0).sum())))
    return {f"recall_{top_k}": round(float(np.mean(found)), 4) for top_k, found in shares.items()}


def _changes(real: NDArray[np.float32], sections: int) -> Iterator[DocumentChange]:
    rng = np.random.default_rng(1)
    for start in range(0, sections, SECTIONS_PER_LAW):
        numbers = np.arange(start, min(start + SECTIONS_PER_LAW, sections))
        vectors = np.array(real[numbers % len(real)])
        varied = numbers >= len(real)
        noise = rng.standard_normal(vectors.shape, dtype=np.float32) / np.sqrt(vectors.shape[1])
        vectors = vectors + np.where(varied[:, None], 0.35 * noise, 0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        document = a_document(f"doc_{start:08}", len(numbers), source=f"amt-{start // SECTIONS_PER_LAW % 10}")
        texts = [Section(ordinal, "", "", 0, 0) for ordinal in range(len(numbers))]
        made = change_of(document, texts)
        yield DocumentChange(made.document_id, made.version, document, made.sections, vectors.astype(np.float32))


def _number(section_id: str) -> int:
    document_id, _, ordinal = section_id.rsplit(":", 2)
    return int(document_id.removeprefix("doc_")) + int(ordinal)


def _asked(
    store: EmbeddedVectorStore, vector: NDArray[np.float32], top_k: int, filters: SearchFilters | None = None
) -> Any:
    return store.rank(RankedList.VECTOR, Question("", filters or SearchFilters(), vector), top_k=top_k)


def _timed(
    store: EmbeddedVectorStore, vector: NDArray[np.float32], top_k: int, filters: SearchFilters | None = None
) -> float:
    started = time.perf_counter()
    list(_asked(store, vector, top_k, filters))
    return 1000 * (time.perf_counter() - started)


def _percentiles(times_ms: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.percentile(times_ms, 50)), 2),
        "p95_ms": round(float(np.percentile(times_ms, 95)), 2),
    }


def _store(file: Path, dimension: int) -> EmbeddedVectorStore:
    return EmbeddedVectorStore(file, f"bench@1/{dimension}", dimension)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    paths = [Path(argument) for argument in arguments if not argument.isdigit()]
    if task == "fill":
        print(json.dumps(fill(paths[0], paths[1], int(arguments[2]))))
    elif task == "search":
        print(json.dumps(search(*paths)))
    else:
        print(json.dumps(recall(*paths)))
