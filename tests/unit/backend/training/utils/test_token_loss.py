"""The loss, against a computation token by token."""

import math
from pathlib import Path

import pytest
import torch
from peft import LoraConfig

from backend.training.utils.adapted_model import with_fresh_adapter
from backend.training.utils.base_model import load_model
from backend.training.utils.batching import make_batch
from backend.training.utils.output_layer import SplitModel, split_model
from backend.training.utils.token_loss import log_probabilities, mean_loss, row_log_probabilities, summed_loss
from backend.training.utils.token_store import TokenRecords, TokenWriter, open_tokens

Loss = tuple[float, dict[str, torch.Tensor]]


@pytest.fixture
def records(tmp_path: Path) -> TokenRecords:
    with TokenWriter(tmp_path, "x") as writer:
        writer.add([50, 60, 70, 80, 90], [0, 0, 1, 1, 1])
        writer.add([90, 80], [1, 1])
        writer.add([40, 41, 42], [0, 1, 1])
    return open_tokens(tmp_path, "x")


def by_hand(model: torch.nn.Module, records: TokenRecords) -> tuple[float, int]:
    total, count = 0.0, 0
    for index in range(len(records)):
        ids, mask = records[index]
        for at in range(1, len(ids)):
            if mask[at]:
                prefix = torch.tensor([ids[:at].tolist()])
                scores = model(input_ids=prefix).logits[0, -1].detach()
                total -= float(torch.log_softmax(scores, dim=-1)[int(ids[at])])
                count += 1
    return total, count


def test_padding_and_masked_tokens_do_not_count(tiny_model: Path, records: TokenRecords) -> None:
    model = load_model(tiny_model, dtype="float32")
    expected, count = by_hand(model, records)
    batch = make_batch(records, [0, 1, 2], pad_id=0, device=torch.device("cpu"))
    assert batch.trained_tokens == count == 6
    assert math.isclose(summed_loss(model, batch).item(), expected, rel_tol=1e-5)


def test_the_mean_does_not_depend_on_the_batch_size(tiny_model: Path, records: TokenRecords) -> None:
    model = load_model(tiny_model, dtype="float32").train()
    expected, count = by_hand(model.eval(), records)
    model.train()
    for batch_size in (1, 2, 3):
        found = mean_loss(model, records, batch_size=batch_size, pad_id=0)
        assert math.isclose(found.loss, expected / count, rel_tol=1e-5)
        assert (found.tokens, found.records) == (6, 3)
    assert model.training


def adapted_model(folder: Path) -> torch.nn.Module:
    torch.manual_seed(1)
    lora = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False)
    return with_fresh_adapter(load_model(folder, dtype="float32"), lora)


def gradients(model: torch.nn.Module, records: TokenRecords, parts: list[list[int]], split: SplitModel | None) -> Loss:
    """Loss and gradients of records that are read in these batches."""
    model.zero_grad()
    total = 0.0
    for indices in parts:
        loss = summed_loss(model, make_batch(records, indices, pad_id=0, device=torch.device("cpu")), split=split)
        loss.backward()
        total += loss.item()
    return total, {name: one.grad for name, one in model.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("is_split", [True, False])
def test_a_padded_batch_gives_the_loss_and_the_gradients_of_its_records_one_by_one(
    tiny_model: Path, records: TokenRecords, is_split: bool
) -> None:
    model = adapted_model(tiny_model)
    split = split_model(model) if is_split else None
    assert (split is not None) == is_split
    expected_loss, expected = gradients(model, records, [[0], [1], [2]], None)
    for parts in ([[0, 1, 2]], [[1, 0], [2]], [[2, 1], [0]]):
        loss, found = gradients(model, records, parts, split)
        assert math.isclose(loss, expected_loss, rel_tol=1e-6)
        assert found.keys() == expected.keys()
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_which_token_pads_makes_no_difference(tiny_model: Path, records: TokenRecords) -> None:
    model = adapted_model(tiny_model)
    batches = [make_batch(records, [0, 1, 2], pad_id=pad_id, device=torch.device("cpu")) for pad_id in (0, 123)]
    with torch.no_grad():
        assert summed_loss(model, batches[0]).item() == summed_loss(model, batches[1]).item()


def test_each_row_has_the_likelihood_of_its_own_tokens(tiny_model: Path, records: TokenRecords) -> None:
    model = adapted_model(tiny_model).eval()
    split = split_model(model)
    one_by_one = log_probabilities(model, records, batch_size=1, pad_id=0)
    batch = make_batch(records, [0, 1, 2], pad_id=0, device=torch.device("cpu"))
    for found in (row_log_probabilities(model, batch), row_log_probabilities(model, batch, split=split)):
        torch.testing.assert_close(found.detach().double().numpy(), one_by_one, rtol=1e-5, atol=1e-6)
