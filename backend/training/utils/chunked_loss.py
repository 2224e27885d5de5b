"""Cross-entropy behind a frozen output layer, some tokens at a time: the scores of a batch are never there as a whole.

With a vocabulary of 128,000, the scores of 1,000 tokens are half a gigabyte, and plain code keeps three copies of them.
Here a chunk of them is made, turned into losses and, in place, into the gradient of its hidden states, and forgotten.
This module imports torch: import it inside functions.

Source: the idea of a linear layer fused with its loss, Hsu et al. 2024 (Liger Kernel), https://arxiv.org/abs/2410.10989
"""

from typing import Any

import torch
from torch.autograd.function import once_differentiable

# on a CPU a chunk should stay in the cache; a GPU wants large products
_CHUNK_TOKENS = {"cpu": 256}
_CHUNK_TOKENS_ELSEWHERE = 1024


def chunked_losses(hidden: torch.Tensor, output: torch.nn.Linear, targets: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of each target, shape (n,), float32 with gradient for `hidden`.

    Args:
        hidden: Last hidden states, shape (n, width).
        output: Frozen, without bias; its scores are widened to float32 before the softmax.
        targets: Token ids, shape (n,).
    """
    losses: torch.Tensor = _ChunkedLoss.apply(hidden, output.weight, targets)  # type: ignore[no-untyped-call]
    return losses


class _ChunkedLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        losses = hidden.new_empty(len(hidden), dtype=torch.float32)
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        size = _CHUNK_TOKENS.get(hidden.device.type, _CHUNK_TOKENS_ELSEWHERE)
        for start in range(0, len(hidden), size):
            part = slice(start, start + size)
            scores, wanted = (hidden[part] @ weight.T).float(), targets[part, None]
            scores -= scores.amax(dim=1, keepdim=True)
            chosen = scores.gather(1, wanted)
            total = scores.exp_().sum(dim=1, keepdim=True)
            losses[part] = (total.log() - chosen)[:, 0]
            if gradient is not None:
                # of a loss by its scores: probabilities, less one at the target
                scores /= total
                scores.scatter_add_(1, wanted, scores.new_full(wanted.shape, -1.0))
                gradient[part] = scores.to(weight.dtype) @ weight
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient * upstream[:, None]).to(gradient.dtype), None, None
