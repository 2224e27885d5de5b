"""Sentences of 6,666 real court sentences (ler_dev), beside those that people marked.

Needs ../shared/data (or CLARA_SHARED_DATA). Tokens are put together as German is set (no space before a comma). Then
`on_one_line` joins all sentences by single spaces, which makes headings, names and clauses without a full stop run into
the next one: nothing can find all of their ends. `with_line_breaks` ends the line behind what has no full stop, as
documents do. F1 is of ends of sentences; `span_f1` wants the beginning, too. Speed is CPU time over the same text.
"""

import time
from typing import Any

from backend.datasets.language.sentences import sentences
from tests.support.court_sentences import MarkedText, on_one_line, read_court_sentences, with_line_breaks
from tests.support.shared_data import SHARED_DATA

F1_BOUND = 0.89
SPEED_BOUND = 5.0
_ROUNDS = 5


def measure() -> dict[str, Any]:
    path = SHARED_DATA / "ler_dev.conll.xz"
    if not path.is_file():
        return {"skipped": f"{path} is not there", "holds": True}
    marked = read_court_sentences(path)
    hard, usual = on_one_line(marked), with_line_breaks(marked)
    figures = {"on_one_line": compared(hard), "with_line_breaks": compared(usual)}
    speed = _speed(usual.text)
    return {
        **figures,
        "sentences": len(marked),
        "mb_per_s": round(speed, 1),
        "bounds": {"f1": F1_BOUND, "mb_per_s": SPEED_BOUND},
        "holds": min(each["f1"] for each in figures.values()) >= F1_BOUND and speed >= SPEED_BOUND,
    }


def compared(marked: MarkedText) -> dict[str, float]:
    """Precision, recall and F1 of sentence ends, and F1 of whole spans."""
    found = [tuple(span) for span in sentences(marked.text)]
    ends, right_ends = {end for _, end in found}, {end for _, end in marked.spans}
    both = len(ends & right_ends)
    whole = len(set(found) & set(marked.spans))
    return {
        "precision": round(both / len(ends), 3),
        "recall": round(both / len(right_ends), 3),
        "f1": round(2 * both / (len(ends) + len(right_ends)), 3),
        "span_f1": round(2 * whole / (len(found) + len(marked.spans)), 3),
    }


def _speed(text: str) -> float:
    """Megabytes per second of CPU time, the best of some rounds."""
    size_mb, best_s = len(text.encode()) / 1e6, float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        sentences(text)
        best_s = min(best_s, time.process_time() - started)
    return size_mb / best_s
