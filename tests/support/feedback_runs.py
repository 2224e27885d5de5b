"""Continuous runs for tests: feedback on disk, as the service writes it, and contexts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.training.trainers.base import ActiveAdapter, ContinuousData, TrainingContext
from shared.storage import sha256_file
from tests.support.tiny_model import sentences
from tests.support.training_runs import make_context, write_jsonl


def feedback_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row with a prompt of its own."""
    return {
        "feedback_id": f"fb_{number}",
        "prompt": f"Frage {number} zur Gebühr?",
        "target": sentences(1, seed=number, words=8)[0],
        "importance": 1,
        "is_new": True,
        **changes,
    }


def write_feedback(path: Path, count: int = 40, **changes: Any) -> Path:
    """Rows with different prompts."""
    return write_jsonl(path, [feedback_row(number, **changes) for number in range(count)])


def write_golden(path: Path, count: int = 12) -> Path:
    """Prompts and completions that no feedback has."""
    texts = sentences(count, seed=77, words=8)
    return write_jsonl(path, [{"prompt": f"Gold {n}?", "completion": text} for n, text in enumerate(texts)])


def make_continuous_context(
    root: Path,
    base: Path,
    feedback: Path | Iterable[Mapping[str, Any]],
    *,
    golden: Path | None = None,
    replay: Path | None = None,
    active: ActiveAdapter | None = None,
    **options: Any,
) -> TrainingContext:
    """As `make_context`, with what a trainer of feedback gets besides."""
    train = feedback if isinstance(feedback, Path) else write_jsonl(root / "feedback.jsonl", feedback)
    golden = golden or write_golden(root / "golden.jsonl")
    context = make_context(root, base, train, **options)
    continuous = ContinuousData(golden, replay, active)
    return replace(context, data=replace(context.data, continuous=continuous, content_sha256=sha256_file(train)))
