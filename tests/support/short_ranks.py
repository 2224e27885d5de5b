"""A trainer process whose ranks load nothing and do one thing each: `python -m tests.support.short_ranks THING`.

wait      the first rank waits for a stop request, the others for the first
memory    the second rank has no memory left, while the first waits for it
"""

import os
import socket
import sys
import time
from collections.abc import Sequence

from backend.common.parent_pipe import ParentPipe
from backend.training.trainers.base import Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.run.stopping import go_on
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.trainer import main as trainer_main
from backend.training.workers.trainer.rank_leader import RankLeader, end_as

THING = "CLARA_TEST_THING"


def train(_self: LoRATrainer, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
    """The one thing."""
    if os.environ[THING] == "memory" and context.ranks.rank == 1:
        raise MemoryError
    while os.environ[THING] == "wait" and context.ranks.is_first:
        go_on(reporter)
        time.sleep(0.01)
    context.ranks.sum([0.0])
    raise AssertionError("the others were to be ended")


def as_rank(connections: Sequence[socket.socket], started: float) -> None:
    """As every rank, with another trainer."""
    LoRATrainer.train = train  # type: ignore[method-assign]  # this is the point of the program
    trainer_main._as_rank(connections, started)


if __name__ == "__main__":
    os.environ[THING] = sys.argv[1]
    pipe = ParentPipe()
    order = TrainingOrder.from_message(pipe.order())
    sys.exit(end_as(RankLeader(order, pipe, as_rank).run()))
