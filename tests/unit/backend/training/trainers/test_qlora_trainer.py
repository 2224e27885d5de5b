"""The QLoRA trainer: the contract of all trainers, the traps of quantised bases, and its nearness to LoRA."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.qlora_trainer import QLoRATrainer
from backend.training.training_config import InvalidTrainingConfig, QloraSection, TrainingConfig
from backend.training.utils import quantization
from backend.training.utils.base_model import load_model
from backend.training.utils.quantization import Quantization
from tests.contracts.trainer_contract import LanguageModelTrainerContract
from tests.support.tiny_model import make_tiny_model
from tests.support.training_runs import RecordingReporter, make_context

NF4 = Quantization.from_config(QloraSection())
INT8 = Quantization.from_config(QloraSection(bits=8))


class TestQLoRATrainer(LanguageModelTrainerContract):
    trainer_type = "qlora"


class TestQLoRATrainerWith8Bits(LanguageModelTrainerContract):
    trainer_type = "qlora"
    config: ClassVar[dict[str, Any]] = {**LanguageModelTrainerContract.config, "qlora": {"bits": 8}}


def config(**training: Any) -> dict[str, Any]:
    return {
        "lora": {"r": 4, "alpha": 8, "dropout": 0.0},
        "data": {"validation_split": 0},
        "training": {
            "max_steps": 12,
            "batch_size": 4,
            "gradient_accumulation_steps": 1,
            "learning_rate": 0.01,
            "min_warmup_steps": 1,
            "logging_steps": 1,
            **training,
        },
    }


def losses(reporter: RecordingReporter) -> list[float]:
    return [call["loss"] for call in reporter.of("step")]


@pytest.mark.parametrize(("how", "layer"), [(NF4, "Linear4bit"), (INT8, "Linear8bitLt")], ids=["4 bits", "8 bits"])
def test_linear_layers_are_quantised_and_the_output_layer_is_not(
    tiny_model: Path, how: Quantization, layer: str
) -> None:
    model = load_model(tiny_model, dtype="float32", quantization=how)
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    assert {kinds[f"model.layers.{number}.mlp.up_proj"] for number in (0, 1)} == {layer}
    assert kinds["lm_head"] == "Linear"


def test_a_quantised_base_takes_less_memory(tiny_model: Path) -> None:
    sizes = {
        how: load_model(tiny_model, dtype="float32", quantization=how).get_memory_footprint()
        for how in (None, INT8, NF4)
    }
    assert sizes[NF4] < sizes[INT8] < sizes[None]


def test_evaluations_in_between_change_no_step(
    tmp_path: Path, tiny_model: Path, train_file: Path, validation_file: Path
) -> None:
    # the first evaluation of an unguarded 4-bit layer repacks its weights, and gradients are lost from then on
    plain, evaluated = RecordingReporter(), RecordingReporter()
    QLoRATrainer().train(make_context(tmp_path, tiny_model, train_file, config=config(), name="plain"), plain)
    context = make_context(
        tmp_path,
        tiny_model,
        train_file,
        validation=validation_file,
        config=config(eval_steps=1, early_stopping_patience=None),
        name="evaluated",
    )
    QLoRATrainer().train(context, evaluated)
    assert len(evaluated.of("evaluation")) == 13
    assert losses(evaluated) == losses(plain)


def test_no_4_bit_layer_may_repack_itself_for_inference(tiny_model: Path) -> None:
    model = load_model(tiny_model, dtype="float32", quantization=NF4)
    layers = [module for module in model.modules() if type(module).__name__ == "Linear4bit"]
    assert len(layers) == 14
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)


@pytest.mark.parametrize("bits", [4, 8])
def test_the_final_loss_is_near_that_of_lora(tmp_path: Path, train_file: Path, bits: int) -> None:
    model = make_tiny_model(tmp_path / "untied", is_tied=False)
    # a random model learns next to nothing through a frozen output layer
    settings = config(max_steps=40)
    settings["lora"] |= {"r": 16, "target_modules": ["q_proj", "v_proj", "up_proj", "down_proj", "lm_head"]}
    lora, qlora = RecordingReporter(), RecordingReporter()
    LoRATrainer().train(make_context(tmp_path, model, train_file, config=settings, name="lora"), lora)
    quantised = {**settings, "qlora": {"bits": bits}}
    QLoRATrainer().train(make_context(tmp_path, model, train_file, config=quantised, name="qlora"), qlora)
    assert losses(lora)[-1] < 0.9 * losses(lora)[0]
    assert sum(losses(qlora)[-5:]) == pytest.approx(sum(losses(lora)[-5:]), rel=0.02)


def test_pissa_is_refused_since_it_would_change_quantised_weights() -> None:
    with pytest.raises(InvalidTrainingConfig, match=r"lora\.init: pissa changes the base weights"):
        QLoRATrainer().validate(TrainingConfig.parse({"lora": {"init": "pissa"}}))


def test_without_bitsandbytes_it_is_refused_at_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "is_installed", lambda: False)
    with pytest.raises(InvalidTrainingConfig, match="bitsandbytes"):
        QLoRATrainer().validate(TrainingConfig())
    LoRATrainer().validate(TrainingConfig())
