"""Ingest of 5,957 real laws (150 MB) into SQLite, beside reading and hashing the same bytes.

Needs ../shared/data (or CLARA_SHARED_DATA). Ours parses, cuts into sections, and commits durably; the lower bound opens
every file and computes its SHA-256. Peak memory is that of the whole ingesting process.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.shared_data import SHARED_DATA

RSS_BOUND_MB = 300

OURS = """
import json, resource, sys, time
from pathlib import Path
from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores
stores = open_stores(sys.argv[2])
started = time.perf_counter()
summary = ingest_paths([Path(sys.argv[1])], store=stores.documents, source="laws", ingested_by="bench")
seconds = time.perf_counter() - started
started = time.perf_counter()
again = ingest_paths([Path(sys.argv[1])], store=stores.documents, source="laws", ingested_by="bench")
print(json.dumps({
    "documents": stores.documents.count(), "seconds": round(seconds, 1),
    "second_run_s": round(time.perf_counter() - started, 1),
    "second_run_new": again.counts.documents_new + again.counts.documents_updated,
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
}))
"""

BOUND = """
import hashlib, sys, time
from pathlib import Path
started = time.perf_counter()
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")
print(time.perf_counter() - started)
"""


def measure() -> dict[str, Any]:
    archive = SHARED_DATA / "gesetze.tar.xz"
    if not archive.is_file():
        return {"skipped": f"{archive} is not there", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        laws = Path(folder) / "laws"
        with tarfile.open(archive) as tar:
            tar.extractall(laws, filter="data")
        bound = float(_python(BOUND, str(laws)))
        ours: dict[str, Any] = json.loads(_python(OURS, str(laws), f"sqlite:///{folder}/clara.db"))
    return {
        **ours,
        "read_and_hash_s": round(bound, 2),
        "times_the_bound": round(ours["seconds"] / bound, 1),
        "bounds": {"peak_rss_mb": RSS_BOUND_MB, "second_run_new": 0},
        "holds": ours["peak_rss_mb"] <= RSS_BOUND_MB and ours["second_run_new"] == 0 and ours["documents"] == 5957,
    }


def _python(script: str, *arguments: str) -> str:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"after {time.monotonic() - started:.0f} s: {done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]
