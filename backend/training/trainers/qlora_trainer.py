"""QLoRA: LoRA on a base model whose frozen weights are kept in 4 or 8 bits (Dettmers et al. 2023, arXiv 2305.14314)."""

from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils import quantization
from backend.training.utils.quantization import Quantization


class QLoRATrainer(LoRATrainer):
    """Trains the same float32 adapter as LoRA with a fraction of the memory for the base model."""

    trainer_type = "qlora"
    sections = LoRATrainer.sections | {"qlora"}

    def validate(self, config: TrainingConfig) -> None:
        """As LoRA; and refuse where the base model cannot be quantised.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """
        super().validate(config)
        if not quantization.is_installed():
            reason = "qlora needs the package bitsandbytes, which is not installed here; take lora or install it"
            raise InvalidTrainingConfig([{"field": "trainer_type", "reason": reason}])

    def quantization(self, config: TrainingConfig) -> Quantization | None:
        """As `qlora` says."""
        return Quantization.from_config(config.qlora)
