"""The loss made chunk by chunk, against the plain one."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from backend.training.utils.chunked_loss import chunked_losses

TOKENS, WIDTH, VOCABULARY = 600, 16, 301  # two full chunks and a part of one


def example(dtype: torch.dtype) -> tuple[torch.Tensor, torch.nn.Linear, torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    output = torch.nn.Linear(WIDTH, VOCABULARY, bias=False, dtype=dtype).requires_grad_(False)
    hidden = (4 * torch.randn(TOKENS, WIDTH)).to(dtype).requires_grad_()
    return hidden, output, torch.randint(VOCABULARY, (TOKENS,)), torch.rand(TOKENS)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_losses_and_gradients_are_those_of_the_plain_loss(dtype: torch.dtype, tolerance: float) -> None:
    hidden, output, targets, weights = example(dtype)
    plain = cross_entropy(output(hidden).float(), targets, reduction="none")
    (plain * weights).sum().backward()
    assert hidden.grad is not None
    expected, hidden.grad = hidden.grad, None
    found = chunked_losses(hidden, output, targets)
    (found * weights).sum().backward()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, plain, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(hidden.grad, expected, rtol=tolerance, atol=tolerance)


def test_scores_far_apart_neither_overflow_nor_vanish() -> None:
    hidden, output, targets, _ = example(torch.float32)
    found = chunked_losses(hidden.detach() * 1e4, output, targets)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, cross_entropy(output(hidden * 1e4), targets, reduction="none").detach())


def test_without_gradients_none_is_made() -> None:
    hidden, output, targets, _ = example(torch.float32)
    with torch.no_grad():
        assert not chunked_losses(hidden, output, targets).requires_grad


def test_no_token_at_all_is_no_loss() -> None:
    hidden, output, targets, _ = example(torch.float32)
    found = chunked_losses(hidden[:0], output, targets[:0])
    found.sum().backward()
    assert found.shape == (0,)
