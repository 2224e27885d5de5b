"""A small base model that has learnt to use what it read before: real sentences, each of them said twice.

A starter model of the usual budget predicts little more than how often words occur. On such a model nobody can tell an
answer to a question from an answer to another one, so tests of what belongs together need one that attends.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from backend.training.starter.create import create_starter
from backend.training.starter.options import StarterOptions

_OPTIONS = StarterOptions(
    steps=700,
    tokens_per_step=1024,
    short_window=128,
    context_length=256,
    vocab_size=1024,
    hidden_size=128,
    intermediate_size=256,
    layers=2,
    heads=4,
    learning_rate=4e-3,
    threads=1,
)
_SENTENCES_PER_TEXT = 30


def make_attentive_model(instructions: Path, target: Path) -> Path:
    """Pretrain on the preference and tool records of the shared instruction sets, never on the Alpaca records.

    Args:
        instructions: Folder of the instruction sets.
        target: Folder that must not exist yet.
    """
    return create_starter(lambda: _said_twice(instructions), target, _OPTIONS, lambda _: None).path


def _said_twice(instructions: Path) -> Iterator[str]:
    for text in _texts(instructions):
        sentences = (part.strip() for part in re.split(r"(?<=[.!?])\s+", text))
        for sentence in [part for part in sentences if 20 < len(part) < 120][:_SENTENCES_PER_TEXT]:
            yield f"{sentence}\n\n{sentence}"


def _texts(instructions: Path) -> Iterator[str]:
    for record in json.loads((instructions / "dpo_en_demo.json").read_text(encoding="utf-8")):
        turns = [turn["value"] for turn in record["conversations"]]
        yield "\n\n".join([*turns, record["chosen"]["value"]])
    for record in json.loads((instructions / "glaive_toolcall_en_demo.json").read_text(encoding="utf-8")):
        yield "\n\n".join(turn["value"] for turn in record["conversations"])
