"""Base models from a folder or a hub: safetensors only, no code from outside, named errors for what is missing."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from backend.training.utils.quantization import keep_gradients
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.outgoing import OWN_SERVERS
from shared.outgoing.process import guard_this_process
from shared.storage import MANIFEST_NAME, sha256_file, verify_folder

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from backend.training.utils.quantization import Quantization

DtypeName = Literal["auto", "float32", "bfloat16"]

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)
"""What a tokenizer may be made of, its chat template among it."""
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json")
_DIGESTED = ("config.json", "model.safetensors.index.json", *TOKENIZER_FILES)
_WITH_CODE = (
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
)
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
_HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt"]
_FALLBACK_LENGTH = 2048


class BaseModelMissing(NotFound):
    """The base model is not on this machine and cannot be fetched."""

    code = "base_model_missing"

    def __init__(self, asked: str, reason: str) -> None:
        super().__init__(
            f"The base model '{asked}' is not on this machine and cannot be fetched: {reason}. Either put its folder "
            "below CLARA_MODELS_DIR (or make a small one from your own documents with `clara model create-starter`), "
            "or let this machine reach the model hub (CLARA_HUB_OFFLINE=false) and check the name.",
            base_model=asked,
            reason=reason,
        )


class InvalidBaseModel(InvalidInput):
    """A folder that is no base model we can load safely."""

    code = "invalid_base_model"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot be used as a base model: {reason}.", base_model=str(folder), reason=reason)


class HubUnavailable(Unavailable):
    """The model hub does not answer or the download broke off."""

    code = "hub_unavailable"

    def __init__(self, asked: str, reason: str) -> None:
        super().__init__(
            f"The base model '{asked}' could not be downloaded: {reason}. Try again, or put its folder below "
            "CLARA_MODELS_DIR.",
            base_model=asked,
        )


def locate_base_model(reference: str, *, is_offline: bool) -> Path:
    """The checked folder of a base model, downloaded first if it is a hub name and we are online.

    Raises:
        BaseModelMissing: If it is not here and we are offline, or the hub does not know it.
        HubUnavailable: If the download fails.
        InvalidBaseModel: If the folder is incomplete or unsafe.
    """
    folder = Path(reference).expanduser()
    if not reference or not folder.is_dir():
        if is_offline or not reference or folder.is_absolute():
            raise BaseModelMissing(reference, "we work offline" if is_offline else "there is no such folder")
        folder = _download(reference)
    check_base_folder(folder)
    return folder.resolve()


def check_base_folder(folder: Path) -> None:
    """Refuse a folder that is incomplete, holds only pickled weights or wants to run its own code.

    Raises:
        InvalidBaseModel: With what is missing or unsafe.
        CorruptArtefact: If the folder carries our manifest and does not match it.
    """
    config = _json_object(folder, "config.json")
    for name in _WITH_CODE:
        if (folder / name).exists() and "auto_map" in _json_object(folder, name):
            raise InvalidBaseModel(
                folder, f"its {name} has an auto_map, i.e. it wants to run code that it brings along"
            )
    _refuse_other_sources(folder, config)
    if "model_type" not in config:
        raise InvalidBaseModel(folder, "its config.json names no model_type")
    _check_weights(folder)
    if not any((folder / name).exists() for name in _VOCABULARIES):
        raise InvalidBaseModel(folder, f"it has no tokenizer (none of {', '.join(_VOCABULARIES)})")
    if (folder / MANIFEST_NAME).exists() and "properties" in _json_object(folder, MANIFEST_NAME):
        verify_folder(folder)


def _refuse_other_sources(folder: Path, config: Mapping[str, Any]) -> None:
    """The libraries would fetch what these files name from elsewhere, and run it."""
    if (folder / "adapter_config.json").exists():
        raise InvalidBaseModel(
            folder, "it holds an adapter_config.json, i.e. an adapter that names another base model; merge it first"
        )
    for name in ("attn_implementation", "_attn_implementation", "_attn_implementation_internal"):
        if "/" in str(config.get(name, "")):
            raise InvalidBaseModel(folder, f"its config.json wants a kernel of the model hub as {name}")


def base_model_digest(folder: Path, *, on_file: Callable[[], None] = lambda: None) -> str:
    """SHA-256 over names and hashes of weights, configuration and tokenizer, hex.

    Args:
        folder: A base model.
        on_file: Called before every file, which may be gigabytes; may raise to stop.
    """
    files = set(folder.glob("*.safetensors")) | {folder / name for name in _DIGESTED}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        on_file()
        digest.update(f"{path.name}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()


def load_config(folder: Path) -> "PretrainedConfig":
    """The configuration of a checked folder.

    Raises:
        InvalidBaseModel: If it cannot be read or its architecture is unknown.
    """
    from transformers import AutoConfig

    with _loading(folder):
        config: PretrainedConfig = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return config


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a checked model or adapter folder, padding on the right.

    Raises:
        InvalidBaseModel: If it cannot be read.
    """
    from transformers import AutoTokenizer

    with _loading(folder):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    tokenizer.padding_side = "right"
    return tokenizer


def load_model(
    folder: Path, *, dtype: DtypeName, quantization: "Quantization | None" = None, device: str | None = None
) -> "PreTrainedModel":
    """The causal language model of a checked folder.

    Args:
        folder: A checked base model.
        dtype: Number format of weights that are not quantised.
        quantization: How to keep the weights of linear layers; None: as `dtype` says.
        device: Where to; None: the best that this machine has.

    Raises:
        InvalidBaseModel: If it cannot be read, is no causal language model, or weights are missing in it.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as library_logging

    library_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the library leaves it without annotations
    auto_model: Any = AutoModelForCausalLM  # its annotations do not know that loading info makes the result a pair
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    # weights are quantised while they are read, so that they never lie in memory as a whole
    extra = {"quantization_config": quantization.for_loading(), "device_map": {"": device}} if quantization else {}
    with _loading(folder):
        model, report = auto_model.from_pretrained(
            folder,
            dtype=resolve_dtype(dtype),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **extra,
        )
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise InvalidBaseModel(folder, f"its weight files lack {missing}")
    model.config.use_cache = False
    if quantization is None:
        model = model.to(device)
    elif quantization.bits == 4:
        keep_gradients(model)
    loaded: PreTrainedModel = model.eval()
    return loaded


def resolve_dtype(name: DtypeName) -> "torch.dtype":
    """The number format; `auto` is bfloat16 on a GPU and float32 on a CPU."""
    import torch

    if name == "auto":
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def model_limit(config: "PretrainedConfig") -> int:
    """Longest input the model was made for, in tokens."""
    limit = getattr(config, "max_position_embeddings", None)
    return int(limit) if limit else _FALLBACK_LENGTH


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        shards = {str(name) for name in _json_object(folder, index.name).get("weight_map", {}).values()}
        foreign = sorted(name for name in shards if Path(name).name != name or not name.endswith(".safetensors"))
        if foreign:
            raise InvalidBaseModel(folder, f"its index names '{foreign[0]}', which is no safetensors file beside it")
        missing = sorted(name for name in shards if not (folder / name).is_file())
        if missing or not shards:
            raise InvalidBaseModel(folder, f"weight files of its index are missing: {', '.join(missing) or 'all'}")
    elif not (folder / "model.safetensors").is_file():
        if any(next(folder.glob(pattern), None) for pattern in _PICKLED):
            raise InvalidBaseModel(folder, "its weights are pickled (they could run code); convert them to safetensors")
        raise InvalidBaseModel(folder, "it has no model.safetensors")


def _json_object(folder: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise InvalidBaseModel(folder, f"it has no {name}") from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidBaseModel(folder, f"its {name} is not JSON") from exc
    if not isinstance(content, dict):
        raise InvalidBaseModel(folder, f"its {name} is not a JSON object")
    return content


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    _guard_once()
    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except (RepositoryNotFoundError, HFValidationError) as exc:
        raise BaseModelMissing(name, "there is no such folder here and no such model on the hub") from exc
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as exc:
        raise HubUnavailable(name, type(exc).__name__) from exc


@functools.cache
def _guard_once() -> None:
    """The hub's client follows redirects and runs in the process of a trainer, which otherwise connects to nobody."""
    guard_this_process(OWN_SERVERS)


@contextlib.contextmanager
def _loading(folder: Path) -> Iterator[None]:
    """Turn what the libraries raise about damaged files into one error with their reason."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]
        raise InvalidBaseModel(folder, reason) from exc
