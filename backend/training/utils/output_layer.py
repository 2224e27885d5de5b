"""The output layer apart from the rest of a model, so that it is asked about trained tokens only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_PROBE_TOKENS = 8


@dataclass(frozen=True, slots=True, eq=False)
class SplitModel:
    """A causal language model whose scores are `output(body(input_ids))` and nothing more.

    Args:
        body: Everything up to the last hidden states.
        output: Frozen layer that makes scores of them.
    """

    body: "torch.nn.Module"
    output: "torch.nn.Linear"


def split_model(model: "torch.nn.Module") -> SplitModel | None:
    """The two parts of a model; None where its scores are made in another way.

    Some architectures cap or scale scores, and an adapter may train the output layer. So the parts are not looked up by
    the name of the architecture: they are asked about a few tokens and must say what the model says, bit for bit.

    Args:
        model: With or without an adapter; left in the mode in which it was.
    """
    import torch

    # peft wraps the model that has an output layer, and every such model names what comes before it
    asked: Any = model
    whole = asked.get_base_model() if hasattr(model, "get_base_model") else asked
    body, output = getattr(whole, "base_model", whole), whole.get_output_embeddings()
    if body is whole or type(output) is not torch.nn.Linear or output.bias is not None or output.weight.requires_grad:
        return None
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            ids = torch.arange(_PROBE_TOKENS, device=output.weight.device).remainder(output.out_features)[None]
            scores = model(input_ids=ids, use_cache=False).logits
            hidden = body(input_ids=ids, use_cache=False).last_hidden_state
            is_all = torch.equal(scores, output(hidden))
    finally:
        model.train(was_training)
    return SplitModel(body, output) if is_all else None
