"""QLoRA: LoRA on a base model whose frozen weights are kept in 4 or 8 bits (Dettmers et al. 2023, arXiv 2305.14314)."""

from backend.training.trainers.base import BaseTrainer, Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.run.adapter_config import check_adapter_config
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils import quantization
from backend.training.utils.quantization import Quantization


class QLoRATrainer(BaseTrainer):
    """Trains the same float32 adapter as LoRA with a fraction of the memory for the base model."""

    trainer_type = "qlora"
    sections = BaseTrainer.sections | {"qlora"}

    def validate(self, config: TrainingConfig) -> None:
        """As LoRA; and refuse where the base model cannot be quantised.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """
        check_adapter_config(config, is_quantized=True)
        if not quantization.is_installed():
            reason = "qlora needs the package bitsandbytes, which is not installed here; take lora or install it"
            raise InvalidTrainingConfig([{"field": "trainer_type", "reason": reason}])

    def weight_bits(self, config: TrainingConfig) -> int | None:
        """As `qlora.bits` says."""
        return config.qlora.bits

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """See `train_adapter`."""
        from backend.training.trainers.run.adapter_run import train_adapter

        self.validate(context.config)
        return train_adapter(context, reporter, quantization=Quantization.from_config(context.config.qlora))
