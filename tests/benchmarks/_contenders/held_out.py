"""One function for the loss of everybody's adapter, on records that nobody trained on."""

from pathlib import Path

from backend.training.formats.tokenizing import tokenize_file
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import load_model, load_tokenizer
from backend.training.utils.batching import pad_id_of
from backend.training.utils.determinism import deterministic
from backend.training.utils.token_loss import mean_loss


def held_out_loss(model: Path, held_out: Path, scratch: Path, adapter: Path | None = None) -> float:
    """Mean loss of the base model with an adapter (unit: nats per trained token).

    Args:
        model: Folder of the base model.
        held_out: JSONL of `prompt` and `completion`.
        scratch: Folder for tokens.
        adapter: Folder with an adapter in peft's format; None: the base model alone.
    """
    tokenizer = load_tokenizer(model)
    records = tokenize_file(held_out, tokenizer, scratch, "held_out").records
    with deterministic(seed=0, threads=1):
        loaded = load_model(model, dtype="float32")
        adapted = loaded if adapter is None else with_saved_adapter(loaded, adapter)
        return mean_loss(adapted, records, batch_size=8, pad_id=pad_id_of(tokenizer)).loss
