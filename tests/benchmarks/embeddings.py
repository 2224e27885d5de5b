"""Embeddings without a hub: nDCG@10 and passages per second of CPU of each candidate, each in a process of one thread.

Tasks: 1,190 questions on 240 paragraphs (XQuAD-de); 500 headings on a sample of 20,000 sections of federal laws. The
ratio is the mean nDCG@10 times the passages of the second task per second of CPU. A transformer is measured on 1,000
sections, and the default beside it on the same ones. Candidates that need a package or a model that is not here are
named as not measured; CLARA_TEST_MINILM names the folder of a sentence-transformers model. Needs ../shared/data (or
CLARA_SHARED_DATA).
"""

import json
import os
import subprocess
import sys
from typing import Any

from tests.benchmarks._embedders import CANDIDATES
from tests.support.shared_data import SHARED_DATA

_LIMIT_S = 3600
_CHOSEN = "hashed"
_FLOORS = {"xquad_de": 0.85, "headings": 0.40}


def measure() -> dict[str, Any]:
    missing = [name for name in ("xquad.de.json", "gesetze.tar.xz") if not (SHARED_DATA / name).is_file()]
    if missing:
        return {"skipped": f"{', '.join(missing)} not in {SHARED_DATA}", "holds": True}
    found = {name: _measured(name) for name in CANDIDATES}
    chosen = found[_CHOSEN]
    return {
        "candidates": found,
        "chosen": _CHOSEN,
        "bounds": _FLOORS,
        "holds": all(chosen[task]["ndcg_10"] >= floor for task, floor in _FLOORS.items()),
    }


def _measured(name: str) -> dict[str, Any]:
    environment = {**os.environ, **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}}
    environment |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks._embedders", name],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=_LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps({name: measured}), file=sys.stderr, flush=True)
    return measured
