"""What is measured of a run of the Hugging Face Trainer, and of everything that is built on it."""

from typing import Any

from transformers import TrainerCallback

from tests.benchmarks._contenders.task import Stretch, count_trained


class Measured(TrainerCallback):
    """Takes the time from the begin of training to its end, counts what is trained."""

    def __init__(self) -> None:
        self.stretch = Stretch()
        self.trained_tokens = 0
        self.steps = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        collate = given["train_dataloader"].collate_fn
        dataset = given["train_dataloader"].dataset
        # the same masks that training sees: made by the contender's own collator
        self.trained_tokens = args.num_train_epochs * sum(
            count_trained(collate([dataset[index]])["labels"].tolist()) for index in range(len(dataset))
        )
        self.stretch.begin()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.stretch.end()
        self.steps = state.global_step
