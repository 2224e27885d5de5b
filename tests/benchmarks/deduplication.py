"""Finding duplicates: ours beside DataTrove's MinHash, on 20,000 sections of federal laws and one core each.

Times are CPU seconds of one process, without imports, reading and the making of texts. Ours ends with compared
clusters; DataTrove (signatures, buckets, clusters; 14 x 8, 5 words, 64 bits, German) compares nothing. Its Python is
named by CLARA_TEST_DATATROVE (`pip install "datatrove[processing]==0.10.1" spacy`); without it, only ours is
measured. Needs ../shared/data (or CLARA_SHARED_DATA).

Precision is the share of removed texts that are 0.8 alike to a text that is kept in their cluster, by the sets of
their shingles. Recall is the share of all pairs that are 0.8 alike (`exact_pairs`) of which not both are kept;
`pairs_in_one_cluster` is the share of those whose texts are told to belong together. Ten times the text are ten
variants of every section, with every twentieth word another one, so that no two are duplicates, a third of their
shingles the same.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.quality.normalise import normalise
from tests.benchmarks._retrieval_tasks import SEED, law_sections
from tests.support.exact_pairs import Pairs, exact_pairs, is_similar, shingle_sets
from tests.support.shared_data import SHARED_DATA

SECTIONS = 20_000
ROUNDS = 3
PEER = "CLARA_TEST_DATATROVE"
RATIO, PRECISION, RECALL, GROWTH, RSS_GROWTH_MB = 10.0, 1.0, 0.95, 11.5, 64
Clusters = Sequence[tuple[int, Sequence[int]]]
"""Number of the kept text, numbers of the removed ones."""


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / "gesetze.tar.xz").is_file():
        return {"skipped": f"gesetze.tar.xz not in {SHARED_DATA}", "holds": True}
    sections = [normalise(body) for _, body in law_sections()]
    sample = random.Random(SEED).sample(sections, SECTIONS)
    sets = shingle_sets(sample)
    pairs = exact_pairs(sets)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = _best(_ours(_written(folder / "sample.jsonl", sample)) for _ in range(ROUNDS))
        kept = _without_members(sample, ours["clusters"])
        again = _ours(_written(folder / "kept.jsonl", kept))
        tenfold = _best(_ours(folder / "sample.jsonl", variants=10) for _ in range(ROUNDS))
        everything = _ours(_written(folder / "all.jsonl", sections))
        peer = _peer(folder / "sample.jsonl", folder / "peer")
    found = {
        "megabytes": round(ours["megabytes"], 1),
        "exact_pairs": len(pairs),
        "ours": _told(ours, sample, sets, pairs) | {"clusters_of_a_second_run": len(again["clusters"])},
        "ours_tenfold": _speed(tenfold) | _growth(ours, tenfold),
        "ours_all_laws": _speed(everything),
        "datatrove": _told(peer, sample, sets, pairs) if "clusters" in peer else peer,
    }
    if "clusters" in peer:
        found["ratio"] = round(_cpu(peer) / _cpu(ours), 1)
    bounds = {"ratio": RATIO, "precision": PRECISION, "recall": RECALL, "cpu_growth": GROWTH}
    bounds["rss_growth_mb"] = RSS_GROWTH_MB
    return {**found, "bounds": bounds, "holds": _holds(found)}


def _holds(found: Mapping[str, Any]) -> bool:
    ours = found["ours"]
    return bool(
        ours["precision"] == PRECISION
        and ours["recall"] >= RECALL
        and ours["clusters_of_a_second_run"] == 0
        and found["ours_tenfold"]["cpu_growth"] <= GROWTH
        and found["ours_tenfold"]["rss_growth_mb"] <= RSS_GROWTH_MB
        and found.get("ratio", RATIO) >= RATIO
    )


def _written(file: Path, texts: Sequence[str]) -> Path:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts))
    return file


def _ours(file: Path, *, variants: int = 1) -> dict[str, Any]:
    return _run(sys.executable, "-m", "tests.benchmarks._deduplication_run", str(file), str(variants))


def _peer(file: Path, folder: Path) -> dict[str, Any]:
    python = os.environ.get(PEER)
    if not python:
        return {"not_measured": f"{PEER} names no Python"}
    return _run(python, str(Path(__file__).with_name("_datatrove_minhash.py")), str(file), str(folder))


def _run(*command: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(_speed(found), file=sys.stderr, flush=True)
    return found


def _best(runs: Any) -> dict[str, Any]:
    best: dict[str, Any] = min(runs, key=_cpu)
    return best


def _cpu(run: Mapping[str, Any]) -> float:
    return float(sum(run["cpu_s"].values()))


def _speed(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cpu_s": {name: round(value, 2) for name, value in run["cpu_s"].items()},
        "mb_per_cpu_s": round(run["megabytes"] / _cpu(run), 2),
        "peak_rss_mb": run["peak_rss_mb"],
    }


def _growth(once: Mapping[str, Any], tenfold: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cpu_growth": round(_cpu(tenfold) / _cpu(once), 2),
        "rss_growth_mb": tenfold["peak_rss_mb"] - once["peak_rss_mb"],
    }


def _told(
    run: Mapping[str, Any], sample: Sequence[str], sets: Sequence[frozenset[Any]], pairs: Pairs
) -> dict[str, Any]:
    clusters: Clusters = run["clusters"]
    cluster_of = {number: kept for kept, members in clusters for number in (kept, *members)}
    removed = {number for _, members in clusters for number in members}
    right = sum(_is_duplicate(sample, sets, kept, number) for kept, members in clusters for number in members)
    together = sum(cluster_of.get(a, a) == cluster_of.get(b, b) for a, b in pairs)
    resolved = sum(a in removed or b in removed for a, b in pairs)
    return {
        **_speed(run),
        "removed": len(removed),
        "precision": right / len(removed),
        "recall": round(resolved / len(pairs), 4),
        "pairs_in_one_cluster": round(together / len(pairs), 4),
    }


def _is_duplicate(sample: Sequence[str], sets: Sequence[frozenset[Any]], left: int, right: int) -> bool:
    bodies = [" ".join(sample[number].lower().split()) for number in (left, right)]
    return bodies[0] == bodies[1] or is_similar(sets[left], sets[right])


def _without_members(sample: Sequence[str], clusters: Clusters) -> list[str]:
    removed = {number for _, members in clusters for number in members}
    return [text for number, text in enumerate(sample) if number not in removed]
