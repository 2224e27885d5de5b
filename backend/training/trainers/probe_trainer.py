"""The probe: a run of seconds that shows whether an installation works, and what happens when a run goes wrong.

It learns a small random linear map in numpy. Everything else is what every trainer does: reported steps, checkpoints
that are gone on from to the same bytes, an adapter folder that PEFT loads. On request it crashes, hangs, takes memory.
"""

from backend.training.trainers.base import BaseTrainer, Reporter, TrainingContext, TrainingOutcome
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig


class ProbeTrainer(BaseTrainer):
    """Trains two low-rank factors towards a hidden linear map; section `probe` says how long and what goes wrong."""

    trainer_type = "probe"
    needs_inputs = False
    is_for_production = False
    is_parallel = False
    sections = BaseTrainer.sections | {"probe"}

    def validate(self, config: TrainingConfig) -> None:
        """Refuse inputs that would not be looked at.

        Raises:
            InvalidTrainingConfig: If the config names a base model or records.
        """
        given = {
            "model.base_model": config.model.base_model,
            "model.chat_template": config.model.chat_template,
            "data.train_file": config.data.train_file,
            "data.dataset_id": config.data.dataset_id,
        }
        reason = "the probe makes what it learns from itself; leave it out"
        errors = [{"field": field, "reason": reason} for field, value in given.items() if value]
        if errors:
            raise InvalidTrainingConfig(errors)

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """Learn, step by step, and write the adapter.

        Raises:
            TrainingStopped: After a stop request.
            ProbeFailed: If the config asks for it.
            ProbeUnavailable: If the config asks for it.
        """
        from backend.training.trainers.probe.run import ProbeRun

        self.validate(context.config)
        run = ProbeRun(context, reporter)
        run.to_the_end()
        run.write_adapter()
        return run.outcome()
