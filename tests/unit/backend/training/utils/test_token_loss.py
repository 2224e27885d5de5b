"""The loss, against a computation token by token."""

import math
from pathlib import Path

import pytest
import torch

from backend.training.utils.base_model import load_model
from backend.training.utils.batching import make_batch
from backend.training.utils.token_loss import mean_loss, summed_loss
from backend.training.utils.token_store import TokenRecords, TokenWriter, open_tokens


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
