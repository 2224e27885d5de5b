"""All 5,957 real laws into each search store: documents per second, a kill in the middle, and a second run.

Needs ../shared/data (or CLARA_SHARED_DATA) and the real servers (`python -m admin.scripts.test_servers`). The process
that feeds is killed when a third of the documents is held and started again; in the end every document is handed over
once more, and none may be written. Seconds are those of both lives together. Then the four are searched together, as
in `search_latency`: words and citations in PostgreSQL, vectors in ChromaDB, the graph behind Bolt.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores
from tests.support.four_stores import NAMES, four_stores, missing
from tests.support.shared_data import SHARED_DATA

P95_BOUND_MS = 50.0
FED = ("embedded", "embedded_vectors", *NAMES)

SCRIPT = """
import json, os, resource, sys, time
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
from backend.datasets.search_stores import fed_store_names, open_client
from config import get_config
from shared.database.stores import open_stores

config, name, task = get_config(), sys.argv[1], sys.argv[2]
stores = open_stores(config.database_url_resolved, derived_stores=fed_store_names(config))
client = open_client(config, stores.documents)
if task == "ask":
    from pathlib import Path
    from backend.datasets.search_evaluation.corpora.laws import laws_at
    from tests.benchmarks._search_times import headings_and_citations, timed
    queries = headings_and_citations(laws_at(Path(name)).documents())
    client.status()
    print(json.dumps({"queries": len(queries), **timed(client, queries)}))
    sys.exit()
started = time.perf_counter()
written = 0
if task == "build":
    for each in client.fed_stores:
        client.rebuild(each)
elif task == "feed":
    while stores.documents.outbox_size(name):
        client.drain_store(name, limit=100)
else:
    written = client.feeder(name).bring([held.document_id for held in stores.documents.iter_held()])
seconds = time.perf_counter() - started
held = client.reconcile(name)
print(json.dumps({
    "seconds": round(seconds, 1),
    "written": written,
    "differences": len(held.differences),
    "documents": held.documents,
    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
"""


def measure() -> dict[str, Any]:
    archive = SHARED_DATA / "gesetze.tar.xz"
    if reason := missing() or ("" if archive.is_file() else f"{archive} is not there"):
        return {"skipped": reason, "holds": True}
    with tempfile.TemporaryDirectory(prefix="clara-ingest-") as place:
        folder, laws = Path(place), Path(place) / "laws"
        with tarfile.open(archive) as tar:
            tar.extractall(laws, filter="data")
        url = f"sqlite:///{folder}/clara.db"
        with four_stores(folder / "stores", url) as four:
            settings = {**four.settings, "CLARA_HOME": str(folder / "home"), "CLARA_ENVIRONMENT": "testing"}
            _run(settings, "embedded", "build")
            truth = open_stores(url, derived_stores=FED)
            ingest_paths([laws], store=truth.documents, source="laws", ingested_by="bench")
            documents = truth.documents.count()
            lines = {}
            for name in FED:
                lines[name] = _fed(settings, name, lambda name=name: truth.documents.outbox_size(name), documents)
                print(json.dumps({name: lines[name]}), file=sys.stderr, flush=True)
            truth.close()
            asked = _run({**settings, "CLARA_UDS3_EMBEDDED": "false"}, str(archive), "ask")
    return {
        "documents": documents,
        **lines,
        "search_on_servers": asked,
        "bounds": {"second_run_written": 0, "differences": 0, "search_on_servers hybrid p95_ms": P95_BOUND_MS},
        "holds": all(line["second_run_written"] == line["differences"] == 0 for line in lines.values())
        and asked["hybrid"]["p95_ms"] <= P95_BOUND_MS,
    }


def _fed(settings: Mapping[str, str], name: str, waiting: Callable[[], int], documents: int) -> dict[str, Any]:
    started = time.monotonic()
    first = subprocess.Popen(_command(name, "feed"), env=_environment(settings))
    while waiting() > documents * 2 / 3 and first.poll() is None:
        time.sleep(0.05)
    left = waiting()
    first.kill()
    first.wait()
    first_s = time.monotonic() - started
    second = _run(settings, name, "feed")
    again = _run(settings, name, "again")
    return {
        "documents_per_s": round(documents / (first_s + second["seconds"])),
        "killed_with_waiting": left,
        "seconds": round(first_s + second["seconds"], 1),
        "peak_rss_mb": second["peak_rss_mb"],
        "differences": second["differences"],
        "second_run_written": again["written"],
        "second_run_s": again["seconds"],
    }


def _run(settings: Mapping[str, str], name: str, task: str) -> dict[str, Any]:
    done = subprocess.run(_command(name, task), env=_environment(settings), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _command(name: str, task: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT, name, task]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)}
