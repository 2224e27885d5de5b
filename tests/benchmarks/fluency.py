"""Fluency: trained on half of 5,957 laws, judging the sections of the other half, sound ones and spoilt ones.

Needs ../shared/data (or CLARA_SHARED_DATA). Both halves are judged by a model of the other one. `false_rejects` are
sections of 20 words or more that a limit rejects; `misread` (5 % of letters other, gone or strayed) and `shuffled`
(words in any order) are shares of spoilt sections that are rejected. Limits are those the training found by itself.
`whole` is a training on all laws in a process of its own, with reading and normalising them; speed is CPU time.
"""

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.datasets.language.fluency.file import load_model
from backend.datasets.language.fluency.limits import rejected
from backend.datasets.language.fluency.model import MIN_WORDS, FluencyModel
from backend.datasets.language.fluency.training import train
from tests.benchmarks._law_texts import law_texts
from tests.support.noisy_texts import misread, shuffled
from tests.support.shared_data import SHARED_DATA

SEED = 6
SPOILT = 5_000
RATE = 0.05
BOUNDS = {"false_rejects": 0.003, "misread": 0.95, "shuffled": 0.95, "mb_per_s": 6.0, "load_s": 1.0, "training_s": 90.0}

WHOLE = """
import json, resource, sys, time
from pathlib import Path
from backend.datasets.language.fluency.file import save_model
from backend.datasets.language.fluency.training import train
from tests.benchmarks._law_texts import law_texts
started = time.process_time()
save_model(train(law_texts()), Path(sys.argv[1]))
print(json.dumps({
    "training_s": round(time.process_time() - started, 1),
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    "file_mb": round(Path(sys.argv[1]).stat().st_size / 1e6, 1),
}))
"""


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / "gesetze.tar.xz").is_file():
        return {"skipped": f"gesetze.tar.xz not in {SHARED_DATA}", "holds": True}
    halves: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for law, text in law_texts():
        halves[half_of(law)].append((law, text))
    figures = [judged(train(halves[own]), [text for _, text in halves[1 - own]]) for own in (0, 1)]
    whole = _whole()
    slowest = min(each["mb_per_s"] for each in figures)
    return {
        **dict(zip(("first_half", "second_half"), figures, strict=True)),
        "whole": whole,
        "bounds": BOUNDS,
        "holds": all(_holds(each) for each in figures)
        and slowest >= BOUNDS["mb_per_s"]
        and whole["load_s"] <= BOUNDS["load_s"]
        and whole["training_s"] <= BOUNDS["training_s"],
    }


def half_of(law: str) -> int:
    """0 or 1, by the name of a law."""
    return hashlib.sha256(law.encode()).digest()[0] % 2


def judged(model: FluencyModel, texts: Sequence[str]) -> dict[str, float]:
    """Shares of rejected sections, and the speed over sound ones."""
    started = time.process_time()
    signals = model.signals_of(texts)
    seconds = time.process_time() - started
    is_long = signals.words >= MIN_WORDS
    rng = random.Random(SEED)
    sample = rng.sample([text for text, is_kept in zip(texts, is_long.tolist(), strict=True) if is_kept], SPOILT)
    return {
        "sections": int(is_long.sum()),
        "false_rejects": round(float(rejected(signals, model.limits)[is_long].mean()), 5),
        "misread": _caught(model, [misread(text, RATE, rng) for text in sample]),
        "shuffled": _caught(model, [shuffled(text, rng) for text in sample]),
        "mb_per_s": round(sum(len(text.encode()) for text in texts) / 1e6 / seconds, 1),
    }


def _caught(model: FluencyModel, texts: Sequence[str]) -> float:
    return round(float(rejected(model.signals_of(texts), model.limits).mean()), 4)


def _holds(figures: dict[str, float]) -> bool:
    return figures["false_rejects"] <= BOUNDS["false_rejects"] and all(
        figures[name] >= BOUNDS[name] for name in ("misread", "shuffled")
    )


def _whole() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fluency"
        done = subprocess.run([sys.executable, "-c", WHOLE, str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        started = time.process_time()
        model = load_model(path)
        figures["load_s"] = round(time.process_time() - started, 2)
        figures["known_words"] = len(model.arrays.words)
    return figures
