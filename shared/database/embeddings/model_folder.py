"""What stands in a sentence-transformers folder: its steps, its dimension, its digest; read without torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.database.embeddings.errors import EmbeddingFailed
from shared.database.embeddings.prefixes import Prefixes
from shared.storage import PathNotAllowed, confined

_DIGEST_LENGTH = 12
_POOLINGS = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}


@dataclass(frozen=True, slots=True)
class DenseStep:
    """A linear layer after pooling.

    Args:
        activation: Last part of the name of a torch module: "Tanh" or "Identity".
    """

    folder: Path
    size: int
    activation: str


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model as it is to be run.

    Args:
        encoder: Folder of the transformer with its tokenizer.
        max_tokens: Longest input; None for what the tokenizer says.
        poolings: Of "cls", "mean", "max", "lasttoken"; several are put beside each other.
        dense: Layers after pooling.
        dimension: Numbers per vector.
        digest: Of names and contents of all files.
        prefixes: Prompts that the model brings.
    """

    encoder: Path
    max_tokens: int | None
    poolings: tuple[str, ...]
    dense: tuple[DenseStep, ...]
    dimension: int
    digest: str
    prefixes: Prefixes

    @classmethod
    def read(cls, folder: Path) -> "ModelFolder":
        """Describe a folder.

        Raises:
            EmbeddingFailed: If it is not there, needs code of its own, or has a step that is not known here.
        """
        if not folder.is_dir():
            raise _failed(folder, "there is no such folder; copy the whole model there, with modules.json and weights")
        steps = _steps(folder)
        encoder = steps["Transformer"][0] if steps.get("Transformer") else folder
        config = _json(encoder / "config.json")
        if not config:
            raise _failed(folder, f"there is no config.json of a transformer in {encoder.name}")
        if "auto_map" in config:
            raise _failed(folder, "it brings code of its own, which is never run; use a model without `auto_map`")
        if not list(encoder.glob("*.safetensors")):
            raise _failed(folder, "there are no weights as safetensors; convert them, pickles are never loaded")
        poolings = _poolings(folder, steps.get("Pooling", []))
        dense = tuple(_dense(each) for each in steps.get("Dense", []))
        own = _json(encoder / "sentence_bert_config.json")
        hidden = config.get("hidden_size") or config.get("d_model") or config.get("dim")
        if not isinstance(hidden, int):
            raise _failed(folder, "config.json does not say its hidden_size")
        return cls(
            encoder=encoder,
            max_tokens=own.get("max_seq_length"),
            poolings=poolings,
            dense=dense,
            dimension=dense[-1].size if dense else hidden * len(poolings),
            digest=_digest(folder),
            prefixes=_prompts(_json(folder / "config_sentence_transformers.json")),
        )


def _steps(folder: Path) -> dict[str, list[Path]]:
    """Folders of the steps by their kind; a plain encoder has no list of steps."""
    listed = _json(folder / "modules.json")
    found: dict[str, list[Path]] = {}
    for step in listed if isinstance(listed, list) else []:
        kind = str(step.get("type", "")).rsplit(".", 1)[-1]
        if kind not in ("Transformer", "Pooling", "Dense", "Normalize"):
            raise _failed(
                folder, f"modules.json has the step '{kind}'; Transformer, Pooling, Dense and Normalize are run"
            )
        try:
            place = confined(folder, str(step.get("path", "")))
        except PathNotAllowed as exc:
            raise _failed(folder, "modules.json points out of the folder") from exc
        found.setdefault(kind, []).append(place)
    return found


def _poolings(folder: Path, places: list[Path]) -> tuple[str, ...]:
    if not places:
        return ("mean",)
    config = _json(places[0] / "config.json")
    named = config.get("pooling_mode")
    chosen = [named] if isinstance(named, str) else list(named or [])
    chosen = chosen or [name for name, key in _POOLINGS.items() if config.get(key)]
    others = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
    unknown = [name for name in chosen if name not in _POOLINGS] + [
        key for key in others if key not in _POOLINGS.values()
    ]
    if unknown or not chosen:
        raise _failed(folder, f"its pooling {unknown or 'is not named'}; known are {', '.join(_POOLINGS)}")
    return tuple(chosen)


def _dense(place: Path) -> DenseStep:
    config = _json(place / "config.json")
    activation = str(config.get("activation_function", "Identity")).rsplit(".", 1)[-1]
    if activation not in ("Tanh", "Identity") or not (place / "model.safetensors").is_file():
        raise _failed(place, f"a Dense step needs safetensors, and Tanh or Identity, not {activation}")
    return DenseStep(place, int(config["out_features"]), activation)


def _prompts(config: Mapping[str, Any]) -> Prefixes:
    prompts = config.get("prompts") or {}
    return Prefixes(str(prompts.get("query") or ""), str(prompts.get("passage") or prompts.get("document") or ""))


def _digest(folder: Path) -> str:
    """Over names and contents; documentation changes nothing."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.name.startswith(".") or file.suffix == ".md":
            continue
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()[:_DIGEST_LENGTH]


def _json(file: Path) -> Any:
    """The content; empty where there is no such file."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise _failed(file.parent, f"{file.name} cannot be read: {exc}") from exc


def _failed(folder: Path, reason: str) -> EmbeddingFailed:
    return EmbeddingFailed(f"the local model in '{folder.name}'", reason)
