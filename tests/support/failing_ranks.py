"""A trainer process whose second rank has no memory left: `python -m tests.support.failing_ranks`."""

import os
import socket
import sys
from collections.abc import Sequence

from backend.common.parent_pipe import ParentPipe
from backend.training.trainers.base import Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.workers import trainer_main
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.rank_leader import RankLeader, end_as


def fail(_self: LoRATrainer, _context: TrainingContext, _reporter: Reporter) -> TrainingOutcome:
    raise MemoryError


def as_rank(connections: Sequence[socket.socket], started: float) -> None:
    """As every rank, but for the second."""
    if os.environ["RANK"] == "1":
        LoRATrainer.train = fail  # type: ignore[method-assign]  # what fails must be the trainer of this one process
    trainer_main._as_rank(connections, started)


if __name__ == "__main__":
    pipe = ParentPipe()
    order = TrainingOrder.from_message(pipe.order())
    sys.exit(end_as(RankLeader(order, pipe, as_rank).run()))
