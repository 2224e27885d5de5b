"""The layer of ours, against peft's own."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from backend.training.utils.adapted_model import with_fresh_adapter, with_saved_adapter
from backend.training.utils.base_model import DtypeName, load_model
from backend.training.utils.lora_layer import OneProductLinear

# of peft, which asks for attributes by deprecated names
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
IDS = torch.tensor([[50, 60, 70, 80], [90, 80, 70, 60]])


def lora(**changes: object) -> LoraConfig:
    options = {"task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}
    return LoraConfig(**{**options, **changes})


def moved(model: PeftModel) -> PeftModel:
    """With an update that is not zero any more."""
    torch.manual_seed(5)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.train()


def ours_and_peft(folder: Path, config: LoraConfig, dtype: DtypeName = "float32") -> Iterator[PeftModel]:
    base = load_model(folder, dtype=dtype)
    for make in (with_fresh_adapter, get_peft_model):
        torch.manual_seed(4)
        yield moved(make(copy.deepcopy(base), copy.deepcopy(config)))


def learnt(model: PeftModel) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss and gradients, by name."""
    torch.manual_seed(6)  # of the dropout
    loss = model(input_ids=IDS, labels=IDS).loss
    loss.backward()
    found = {name: one.grad for name, one in model.named_parameters() if one.grad is not None}
    return loss.detach(), found


@pytest.mark.parametrize(
    "config",
    [
        lora(),
        lora(lora_dropout=0.3),
        lora(use_rslora=True),
        lora(use_dora=True),
        lora(target_modules=["q_proj", "lm_head"]),
    ],
    ids=["plain", "dropout", "rslora", "dora", "few modules"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of peft, about a trained output layer that is tied
def test_loss_and_gradients_are_those_of_peft(tiny_model: Path, config: LoraConfig) -> None:
    (loss, gradients), (expected_loss, expected) = map(learnt, ours_and_peft(tiny_model, config))
    torch.testing.assert_close(loss, expected_loss, rtol=1e-6, atol=1e-6)
    assert gradients.keys() == expected.keys() != set()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_in_bfloat16_the_adapter_stays_in_float32_and_learns_the_same_within_rounding(tiny_model: Path) -> None:
    ours, theirs = ours_and_peft(tiny_model, lora(), "bfloat16")
    assert {one.dtype for one in ours.parameters() if one.requires_grad} == {torch.float32}
    (loss, gradients), (expected_loss, expected) = learnt(ours), learnt(theirs)
    torch.testing.assert_close(loss, expected_loss, rtol=1e-2, atol=1e-2)
    for name, gradient in gradients.items():
        assert torch.nn.functional.cosine_similarity(gradient.ravel(), expected[name].ravel(), dim=0) > 0.99, name


def test_what_was_trained_with_it_is_the_same_in_peft(tmp_path: Path, tiny_model: Path) -> None:
    ours = moved(with_fresh_adapter(load_model(tiny_model, dtype="float32"), lora())).eval()
    assert any(isinstance(layer, OneProductLinear) for layer in ours.modules())
    ours.save_pretrained(tmp_path)
    loaded = with_saved_adapter(load_model(tiny_model, dtype="float32"), tmp_path)
    assert not any(isinstance(layer, OneProductLinear) for layer in loaded.modules())
    with torch.no_grad():
        torch.testing.assert_close(loaded(input_ids=IDS).logits, ours(input_ids=IDS).logits, rtol=1e-5, atol=1e-5)


def test_the_adapter_can_be_switched_off(tiny_model: Path) -> None:
    base = load_model(tiny_model, dtype="float32")
    with torch.no_grad():
        expected = base(input_ids=IDS).logits
        ours = moved(with_fresh_adapter(base, lora())).eval()
        assert not torch.equal(ours(input_ids=IDS).logits, expected)
        with ours.disable_adapter():
            assert torch.equal(ours(input_ids=IDS).logits, expected)
