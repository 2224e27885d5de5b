"""From 5,957 laws (150 MB) to a dataset: searched, judged, split, exported in three formats, measured and reported.

Needs ../shared/data (or CLARA_SHARED_DATA). The laws are ingested and the embedded keyword index is fed beforehand;
then the worker process of a build does the rest, with two processes: it finds every section ('*'), judges and
normalises it, drops repetitions and twins across splits, writes records with their provenance into SQLite, exports
JSONL, Parquet and CSV (each read back and compared), measures the finished records, and writes the report. `stages` are
seconds until each stage said that it was done; `peak_mb` is the memory of all processes together (PSS, so that what
they share counts once), sampled five times a second. The same is done with every tenth law.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from backend.datasets.workers.protocol import WORKER_COMMAND, BuildOrder, encode_order
from config import BaseConfig
from shared.models.dataset import DatasetClaim
from tests.benchmarks._law_datasets import OWNER, ingested_laws, law_settings, order_dataset
from tests.support.real_texts import LAWS
from tests.support.shared_data import SHARED_DATA
from tests.support.tree_memory import TreePeak

TENTH = 10
BOUNDS = {"seconds": 90.0, "peak_mb": 600}
_NO_LEAK = {"documents": 0, "texts": 0, "near_duplicates": 0}


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / LAWS).is_file():
        return {"skipped": f"{LAWS} not in {SHARED_DATA}", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        tenth = measured(Path(folder) / "tenth", every=TENTH)
        all_laws = measured(Path(folder) / "all", every=1)
    return {
        "all": all_laws,
        "tenth": tenth,
        "bounds": BOUNDS,
        "holds": all_laws["seconds"] <= BOUNDS["seconds"]
        and all_laws["peak_mb"] <= BOUNDS["peak_mb"]
        and all_laws["split_leak"] == _NO_LEAK,
    }


def measured(home: Path, *, every: int) -> dict[str, Any]:
    """Ingest every so-manieth law, then build a dataset of all of them."""
    config = law_settings(home)
    stores, size = ingested_laws(config, every=every)
    try:
        order_dataset(stores)
        claimed = stores.datasets.claim(OWNER, lease_s=3600)
        assert claimed is not None
        claim = claimed[1]
        seconds, stages, peak = _built(config, claim)
        dataset = stores.datasets.get(claim.dataset_id)
    finally:
        stores.close()
    if dataset.path is None:
        raise RuntimeError(f"the build failed: {dataset.error_message}")
    return {
        "mb": round(size / 1e6, 1),
        "sections": dataset.statistics["sections"]["found"],
        "records": dataset.record_count,
        "seconds": seconds,
        "peak_mb": peak,
        "stages": stages,
        "split_leak": dataset.statistics["split_leak"],
    }


def _built(config: BaseConfig, claim: DatasetClaim) -> tuple[float, dict[str, float], int]:
    """Seconds, seconds until the end of each stage, and the most memory in MB."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in config if value is not None}
    plain = {name: value for name, value in settings.items() if isinstance(value, str | int | float | bool | list)}
    order = encode_order(BuildOrder(claim.dataset_id, claim.owner, claim.epoch, plain))
    started = time.monotonic()
    stages: dict[str, float] = {}
    with subprocess.Popen(WORKER_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(order)
        worker.stdin.flush()
        peak = TreePeak(worker.pid, "Pss")
        peak.start()
        for line in worker.stdout:
            message = json.loads(line)
            if message["type"] == "progress":
                stages[message["stage"]] = round(time.monotonic() - started, 1)
    seconds = round(time.monotonic() - started, 1)
    peak.join()
    return seconds, stages, peak.mb
