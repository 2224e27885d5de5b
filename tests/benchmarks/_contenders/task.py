"""What a contender is told and what it answers: standard library only, since it may live in another environment."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

IGNORED = -100


@dataclass(frozen=True)
class Task:
    """One run: all that must be equal; what is not named here stays at a contender's default.

    Args:
        model: Folder of the base model.
        train: JSONL of `prompt` and `completion`.
        folder: Private to the run; the adapter goes to its sub-folder `adapter`.
        max_length: Longer than every record, so nobody cuts.
        effective_batch: Records per optimizer step.
    """

    model: str
    train: str
    folder: str
    max_length: int
    effective_batch: int
    epochs: int
    rank: int
    alpha: int
    learning_rate: float
    warmup_steps: int
    seed: int
    threads: int

    @property
    def adapter(self) -> Path:
        return Path(self.folder) / "adapter"

    @property
    def answer(self) -> Path:
        """File with the figures of the run."""
        return Path(self.folder) / "figures.json"

    def write(self) -> Path:
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        path = Path(self.folder) / "task.json"
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    def records(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in Path(self.train).read_text(encoding="utf-8").splitlines()]


@dataclass
class Stretch:
    """Wall and CPU seconds of the optimisation: from when all is loaded and tokenised to the end of the last step."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def begin(self) -> None:
        self.wall_s, self.cpu_s = -time.perf_counter(), -time.process_time()

    def end(self) -> None:
        self.wall_s += time.perf_counter()
        self.cpu_s += time.process_time()


def answer(task: Task, stretch: Stretch, *, steps: int, trained_tokens: int, **more: Any) -> None:
    """Write the figures of a run.

    Args:
        trained_tokens: Labels that were not masked, over the whole run.
        more: Facts about the contender.
    """
    figures = {**asdict(stretch), "steps": steps, "trained_tokens": trained_tokens, **more}
    task.answer.write_text(json.dumps(figures), encoding="utf-8")


def main(train: Callable[[Task], None]) -> None:
    """Run the task whose file is the one argument."""
    content: Mapping[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    train(Task(**content))


def count_trained(labels: list[list[int]]) -> int:
    """Labels that are not masked."""
    return sum(label != IGNORED for row in labels for label in row)
