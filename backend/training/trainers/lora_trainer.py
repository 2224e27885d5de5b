"""LoRA: freeze the base model, train a low-rank update of its linear layers (Hu et al. 2021, arXiv 2106.09685)."""

from backend.training.trainers.base import BaseTrainer, Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.run.adapter_config import check_adapter_config
from backend.training.training_config import TrainingConfig


class LoRATrainer(BaseTrainer):
    """Trains an adapter in bfloat16 (GPU) or float32 (CPU) on top of an unquantised base model."""

    trainer_type = "lora"

    def validate(self, config: TrainingConfig) -> None:
        """Refuse target modules that name nothing, and options that exclude each other.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """
        check_adapter_config(config, is_quantized=False)

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """See `train_adapter`."""
        from backend.training.trainers.run.adapter_run import train_adapter

        self.validate(context.config)
        return train_adapter(context, reporter)
