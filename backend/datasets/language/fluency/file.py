"""A fluency model in one file, without pickle: a manifest in JSON, then its arrays as they lie in memory.

    8 bytes    "CLARAfm1"
    8 bytes    length of the manifest, little-endian
    manifest   version, language, sha256 of all arrays, limits, sizes; JSON with sorted keys
    arrays     words (UTF-8, a line feed between), alone, free, marks, values; each begins at a multiple of 64 bytes

The same corpus gives the same bytes. Reading maps the file into memory and copies nothing but the words.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.datasets.language.fluency.limits import FluencyLimit
from backend.datasets.language.fluency.model import FluencyArrays, FluencyModel
from backend.datasets.language.fluency.pairs import PairTable
from backend.datasets.language.fluency.words import FIRST_WORD
from shared.errors import Conflict, InvalidInput
from shared.storage import disk_errors, fsync_folder

VERSION = 1
_MAGIC = b"CLARAfm1"
_ALIGNMENT = 64
_MAX_MANIFEST_BYTES = 1 << 16
_DTYPES = {"words": "u1", "alone": "<f4", "free": "<f4", "marks": "<u4", "values": "<f2"}


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """What a model's file says of itself, read without its arrays.

    Args:
        digest: Of the arrays; `load_model` verifies it.
        limits: Where its signals cost and reject.
        language: Of the texts that it was learnt from.
    """

    digest: str
    limits: tuple[FluencyLimit, ...]
    language: str


class UnusableFluencyModel(InvalidInput):
    """A file is no fluency model, or not one of ours any more."""

    code = "unusable_fluency_model"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The fluency model {path.name} cannot be used: {reason}. Train it anew.", file=path.name, reason=reason
        )


class FluencyModelReplaced(Conflict):
    """A model was learnt while another one was in use: figures of two models are never mixed."""

    code = "fluency_model_replaced"

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another fluency model was learnt meanwhile ({path.name}). Begin again.", file=path.name)


def save_model(model: FluencyModel, path: Path) -> str:
    """Write a model, whole or not at all; an older file of this name is replaced.

    Returns:
        Digest of the arrays, as the manifest has it: what to record beside judged texts.
    """
    columns = _columns(model.arrays)
    manifest = _manifest(model, columns)
    head = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    stage = path.with_name(f".{path.name}.partial")
    with disk_errors(path.parent), stage.open("wb") as stream:
        stream.write(_MAGIC + len(head).to_bytes(8, "little") + head)
        for column in columns.values():
            stream.write(bytes(-stream.tell() % _ALIGNMENT))
            stream.write(column.data)
        stream.flush()
        os.fsync(stream.fileno())
    stage.replace(path)
    fsync_folder(path.parent)
    return str(manifest["sha256"])


def load_model(path: Path, *, digest: str | None = None) -> FluencyModel:
    """Read a model and verify its digest.

    Args:
        path: Of its file.
        digest: That it must have; None: whichever it says it has.

    Raises:
        UnusableFluencyModel: If the file is not there, of another version, cut short or changed.
        FluencyModelReplaced: If it is whole, but another model's.
    """
    try:
        manifest, start = _read_head(path)
        if digest not in (None, manifest["sha256"]):
            raise FluencyModelReplaced(path)
        mapped = np.memmap(path, dtype=np.uint8, mode="r")
        columns = dict(_mapped_columns(mapped, manifest["columns"], start))
        if manifest["sha256"] != _digest(columns):
            raise UnusableFluencyModel(path, "its content does not match its digest")
        return FluencyModel(
            _arrays(columns, manifest["pieces"]), _limits(manifest), manifest["trained_words"], _language(manifest)
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UnusableFluencyModel(path, f"it is not there or no model ({exc})") from exc


def terms_of(path: Path) -> ModelTerms:
    """What a model's file says of itself: little to read, where nothing has to be measured.

    Raises:
        UnusableFluencyModel: If there is no such file or it does not begin like a model.
    """
    try:
        manifest = _read_head(path)[0]
        return ModelTerms(str(manifest["sha256"]), _limits(manifest), _language(manifest))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UnusableFluencyModel(path, f"it is not there or no model ({exc})") from exc


def _columns(arrays: FluencyArrays) -> dict[str, NDArray[Any]]:
    words = np.frombuffer("\n".join(arrays.words).encode(), dtype=np.uint8)
    raw = (words, arrays.alone, arrays.free, arrays.table.marks, arrays.table.values)
    return {
        name: np.ascontiguousarray(column, dtype=dtype)
        for (name, dtype), column in zip(_DTYPES.items(), raw, strict=True)
    }


def _manifest(model: FluencyModel, columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "language": model.language,
        "sha256": _digest(columns),
        "columns": {name: len(column) for name, column in columns.items()},
        "pieces": model.arrays.pieces,
        "known_words": len(model.arrays.words),
        "trained_words": model.trained_words,
        "limits": [asdict(limit) for limit in model.limits],
    }


def _limits(manifest: Mapping[str, Any]) -> tuple[FluencyLimit, ...]:
    return tuple(FluencyLimit(**limit) for limit in manifest["limits"])


def _language(manifest: Mapping[str, Any]) -> str:
    # files of older releases do not say it, and were learnt from German
    return str(manifest.get("language", "de"))


def _read_head(path: Path) -> tuple[dict[str, Any], int]:
    """The manifest and where it ends."""
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise ValueError("it does not begin like one")
        size = int.from_bytes(stream.read(8), "little")
        if size > _MAX_MANIFEST_BYTES:
            raise ValueError("its manifest is too long")
        manifest: dict[str, Any] = json.loads(stream.read(size))
    if manifest["version"] != VERSION:
        raise ValueError(f"it has version {manifest['version']}, this program reads {VERSION}")
    return manifest, len(_MAGIC) + 8 + size


def _mapped_columns(
    mapped: NDArray[np.uint8], lengths: Mapping[str, int], start: int
) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, dtype in _DTYPES.items():
        start += -start % _ALIGNMENT
        end = start + lengths[name] * np.dtype(dtype).itemsize
        if end > len(mapped):
            raise ValueError("it was cut short")
        yield name, mapped[start:end].view(dtype)
        start = end


def _arrays(columns: Mapping[str, NDArray[Any]], pieces: int) -> FluencyArrays:
    words = columns["words"].tobytes().decode().split("\n") if len(columns["words"]) else []
    if not len(words) + FIRST_WORD == len(columns["alone"]) == len(columns["free"]):
        raise ValueError("its words and probabilities do not match")
    table = PairTable(columns["marks"], columns["values"])
    return FluencyArrays(words, pieces, columns["alone"], columns["free"], table)


def _digest(columns: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(column.data)
    return digest.hexdigest()
