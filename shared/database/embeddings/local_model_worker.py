"""The process in which a local model embeds: `python -m shared.database.embeddings.local_model_worker FOLDER`.

Every line on its standard input is a request with texts; it answers with a line of JSON and the vectors as float32,
little endian. It ends with its input.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from shared.database.embeddings.model_folder import DenseStep, ModelFolder

if TYPE_CHECKING:
    import torch


class LocalModel:
    """The steps of a sentence-transformers folder on transformers."""

    def __init__(self, described: ModelFolder) -> None:
        from transformers import AutoModel, AutoTokenizer

        self._described = described
        place = str(described.encoder)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(place, local_files_only=True, trust_remote_code=False)
        model: Any = AutoModel.from_pretrained(
            place, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        self._device = _device()
        self._model = model.eval().to(self._device)
        self._dense = [_loaded(step, self._device) for step in described.dense]
        known = [described.max_tokens, getattr(model.config, "max_position_embeddings", None)]
        self._max_tokens = min((limit for limit in known if limit), default=512)

    def embed(self, texts: list[str]) -> "torch.Tensor":
        """Unit vectors, shape (texts, dimension)."""
        import torch

        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        ).to(self._device)
        with torch.inference_mode():
            hidden = self._model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            vectors = torch.cat([_pooled(kind, hidden, mask) for kind in self._described.poolings], dim=-1).float()
            for weight, bias, activation in self._dense:
                vectors = torch.nn.functional.linear(vectors, weight, bias)
                vectors = torch.tanh(vectors) if activation == "Tanh" else vectors
            return torch.nn.functional.normalize(vectors, dim=-1).cpu()


def serve(model: LocalModel, requests: BinaryIO | io.RawIOBase, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    for line in requests:
        texts = json.loads(line)["texts"]
        vectors = model.embed(texts).numpy().astype("<f4") if texts else None
        shape = (0, 0) if vectors is None else vectors.shape
        _say(answers, {"count": shape[0], "dimension": shape[1]}, b"" if vectors is None else vectors.tobytes())


def main() -> int:
    """Load the model, then serve."""
    # libraries print; what they say goes to the log
    private = os.dup(1)
    os.dup2(2, 1)
    answers = os.fdopen(private, "wb")
    requests = io.FileIO(sys.stdin.fileno(), closefd=False)
    try:
        model = LocalModel(ModelFolder.read(Path(sys.argv[1])))
        serve(model, io.BufferedReader(requests), answers)
    except BrokenPipeError:
        return 0
    except Exception as exc:  # noqa: BLE001 - the outermost edge of a process: whoever asked is told why
        _say(answers, {"error": f"{type(exc).__name__}: {exc}"[:500]}, b"")
        return 1
    return 0


def _say(answers: BinaryIO, head: dict[str, Any], content: bytes) -> None:
    answers.write(json.dumps(head).encode() + b"\n" + content)
    answers.flush()


def _pooled(kind: str, hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """One vector per text; hidden (texts, tokens, size), mask (texts, tokens, 1)."""
    import torch

    if kind == "cls":
        return hidden[:, 0]
    if kind == "max":
        return hidden.masked_fill(mask == 0, float("-inf")).amax(dim=1)
    if kind == "lasttoken":
        # padding may stand on either side
        places = torch.arange(mask.shape[1], device=mask.device)
        last = (mask.squeeze(-1) * places).argmax(dim=1)
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


def _loaded(step: DenseStep, device: "torch.device") -> "tuple[torch.Tensor, torch.Tensor | None, str]":
    from safetensors.torch import load_file

    weights = load_file(step.folder / "model.safetensors", device=str(device))
    return (
        weights["linear.weight"].float(),
        weights["linear.bias"].float() if "linear.bias" in weights else None,
        (step.activation),
    )


def _device() -> "torch.device":
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


if __name__ == "__main__":
    sys.exit(main())
