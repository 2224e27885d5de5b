"""Which models can be asked about trained tokens only."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from transformers import Gemma2Config, Gemma2ForCausalLM, GraniteConfig, GraniteForCausalLM, PreTrainedModel

from backend.training.utils.adapted_model import with_fresh_adapter
from backend.training.utils.base_model import load_model
from backend.training.utils.output_layer import split_model
from tests.support.tiny_model import make_tiny_model

SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


def with_lora(model: PreTrainedModel, modules: list[str], *, dropout: float = 0.0) -> torch.nn.Module:
    config = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=modules, lora_dropout=dropout)
    return with_fresh_adapter(model, config)


def frozen(model: PreTrainedModel) -> PreTrainedModel:
    return model.requires_grad_(False)


@pytest.mark.parametrize("is_tied", [True, False])
def test_the_scores_of_a_llama_are_its_output_layer_on_its_last_states(tmp_path: Path, is_tied: bool) -> None:
    folder = make_tiny_model(tmp_path / "m", is_tied=is_tied)
    adapted = with_lora(load_model(folder, dtype="float32"), ["q_proj", "down_proj"])
    split = split_model(adapted)
    assert split is not None
    ids = torch.tensor([[50, 60, 70]])
    with torch.no_grad():
        expected = adapted.eval()(input_ids=ids).logits
        assert torch.equal(split.output(split.body(input_ids=ids).last_hidden_state), expected)


def test_capped_scores_are_asked_of_the_whole_model() -> None:
    assert split_model(frozen(Gemma2ForCausalLM(Gemma2Config(**SIZES, final_logit_softcapping=30.0)))) is None
    assert split_model(frozen(Gemma2ForCausalLM(Gemma2Config(**SIZES, final_logit_softcapping=None)))) is not None


def test_scaled_scores_are_asked_of_the_whole_model() -> None:
    config = {**SIZES}
    config.pop("head_dim")
    assert split_model(frozen(GraniteForCausalLM(GraniteConfig(**config, logits_scaling=8.0)))) is None
    assert split_model(frozen(GraniteForCausalLM(GraniteConfig(**config, logits_scaling=1.0)))) is not None


@pytest.mark.filterwarnings("ignore::UserWarning")  # of peft, about a trained output layer that is tied
def test_a_trained_output_layer_is_asked_with_the_whole_model(tiny_model: Path) -> None:
    assert split_model(with_lora(load_model(tiny_model, dtype="float32"), ["q_proj", "lm_head"])) is None
    assert split_model(load_model(tiny_model, dtype="float32")) is None  # nothing is frozen here


def test_looking_changes_nothing(tiny_model: Path) -> None:
    adapted = with_lora(load_model(tiny_model, dtype="float32"), ["q_proj"], dropout=0.5).train()
    before = torch.get_rng_state()
    assert split_model(adapted) is not None
    assert adapted.training
    assert torch.equal(torch.get_rng_state(), before)
