"""Merge an adapter into its unquantised base model and publish the result as a model of its own."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.adapter_check import check_adapter
from backend.training.formats.golden_chats import FILE as GOLDEN_CHATS
from backend.training.formats.golden_chats import load_adapter_tokenizer
from backend.training.merging.card import write_card
from backend.training.merging.layers import merge_layers, probe_logits, relative_difference, shared_layer
from backend.training.merging.options import (
    AnotherBaseModel,
    DamagedAdapter,
    MergeDiffers,
    MergeDtype,
    MergeProgress,
    MergeStage,
    MergeSummary,
    NotMergeable,
    QuantizedBase,
)
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.determinism import deterministic
from backend.training.utils.trained_with import trained_quantization
from shared.models.adapter import Adapter
from shared.storage import AlreadyPublished, Manifest, disk_errors, stage

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

Report = Callable[[MergeProgress], None]

# of what two ways to compute the same differ by; measured: 4e-7 (float32, each layer), 2e-6 (float32, 24 layers),
# 2e-2 (bfloat16, 24 layers, where both ways are rounded after every one of them)
LAYER_LIMIT = 1e-4
LIMITS: Mapping[MergeDtype, float] = {MergeDtype.FLOAT32: 1e-4, MergeDtype.BFLOAT16: 1e-1}
_SHARD_SIZE = "2GB"
_TERMS = ("LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")
_LONGEST_TERMS_BYTES = 1 << 20


def merge_adapter(
    adapter: Adapter,
    folder: Path,
    target: Path,
    dtype: MergeDtype,
    report: Report,
    *,
    threads: int,
) -> MergeSummary:
    """Verify, load, merge, compare, publish: in this order.

    Args:
        adapter: To be merged.
        folder: Its base model, checked by `locate_base_model`.
        target: Folder of the new model; must not exist.
        dtype: Of the new model's weights.
        report: Told of each stage.
        threads: CPU threads.

    Raises:
        AlreadyPublished: If `target` exists.
        NotMergeable: If the adapter is not one of a language model, or shares weights between layers.
        DamagedAdapter: If its files are not those that were published.
        QuantizedBase: If the base model is quantised on disk.
        AnotherBaseModel: If the base model is not the one it was trained on.
        ChatsWrittenOtherwise: If its tokenizer does not write what it was trained with.
        MergeDiffers: If the result does not compute what base model and adapter do.
        DiskFull: If there is no space for the model.
    """
    if target.exists():
        raise AlreadyPublished(target)
    started = time.monotonic()
    report(MergeProgress(MergeStage.VERIFYING))
    _verify(adapter, folder)
    with deterministic(seed=0, threads=threads):
        merged, facts = _merged(adapter, folder, dtype, report)
    with stage(target) as staged:
        report(MergeProgress(MergeStage.SAVING))
        _save(staged.path, merged, Path(adapter.path), folder)
        lineage = _lineage(adapter, dtype, facts)
        write_card(staged.path, adapter, lineage)
        report(MergeProgress(MergeStage.PUBLISHING))
        manifest = staged.publish(lineage)
    return _summary(adapter, target, dtype, manifest, facts, time.monotonic() - started)


def _verify(adapter: Adapter, folder: Path) -> None:
    check = check_adapter(adapter)
    if check.reason is not None:
        raise DamagedAdapter(adapter.adapter_id, check.reason)
    if not (Path(adapter.path) / "tokenizer_config.json").is_file():
        raise NotMergeable(adapter.adapter_id, f"it is of a {adapter.trainer_type}, not of a language model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if (found := config.get("quantization_config")) is not None:
        raise QuantizedBase(folder, str(found.get("quant_method", "unknown method")))
    digest = base_model.base_model_digest(folder)
    if digest != adapter.base_model_digest:
        raise AnotherBaseModel(folder, trained_on=adapter.base_model_digest, found=digest)


def _merged(
    adapter: Adapter, folder: Path, dtype: MergeDtype, report: Report
) -> "tuple[PreTrainedModel, dict[str, Any]]":
    import torch

    report(MergeProgress(MergeStage.LOADING))
    base = base_model.load_model(folder, dtype=_loading_dtype(folder, dtype), device="cpu")
    vocab_size = int(base.config.get_text_config().vocab_size)
    report(MergeProgress(MergeStage.MEASURING))
    plain = probe_logits(base, vocab_size)
    adapted = with_saved_adapter(base, Path(adapter.path))
    if (shared := shared_layer(adapted)) is not None:
        raise NotMergeable(adapter.adapter_id, f"it changes {shared}, whose weights another layer uses too")
    expected = probe_logits(adapted, vocab_size)
    wanted = getattr(torch, dtype.value)
    layers = merge_layers(adapted, wanted, lambda n, of: report(MergeProgress(MergeStage.MERGING, n, of)))
    merged = _without_adapter(adapted).to(wanted)
    report(MergeProgress(MergeStage.COMPARING))
    difference = relative_difference(probe_logits(merged, vocab_size), expected)
    for found, limit in ((layers.worst, LAYER_LIMIT), (difference, LIMITS[dtype])):
        if not found <= limit:
            raise MergeDiffers(found, limit)
    return merged, {
        "layers": layers.count,
        "rounding": layers.rounding,
        "parameters": sum(parameter.numel() for parameter in merged.parameters()),
        "difference": difference,
        "effect": relative_difference(plain, expected),
    }


def _loading_dtype(folder: Path, dtype: MergeDtype) -> base_model.DtypeName:
    """The smallest format that loses nothing before the sum is made."""
    import torch

    is_small = base_model.load_config(folder).dtype == torch.bfloat16
    return "bfloat16" if is_small and dtype is MergeDtype.BFLOAT16 else "float32"


def _without_adapter(model: "PeftModel") -> "PreTrainedModel":
    """The base model alone, with what was merged into it."""
    unload: Any = model.unload
    base: PreTrainedModel = unload()
    return base


def _save(target: Path, model: "PreTrainedModel", adapter_dir: Path, folder: Path) -> None:
    # loading for training has switched the cache of generation off
    model.config.use_cache = bool(getattr(base_model.load_config(folder), "use_cache", True))
    with disk_errors(target):
        model.save_pretrained(target, max_shard_size=_SHARD_SIZE)
        for name in (*base_model.TOKENIZER_FILES, GOLDEN_CHATS):
            # the adapter's, not the base model's: its chat template is the one that was trained with
            if (adapter_dir / name).is_file():
                shutil.copyfile(adapter_dir / name, target / name)
        for path in (path for pattern in _TERMS for path in folder.glob(pattern)):
            if path.is_file() and path.stat().st_size <= _LONGEST_TERMS_BYTES:
                shutil.copyfile(path, target / path.name)
    load_adapter_tokenizer(target)  # compares


def _lineage(adapter: Adapter, dtype: MergeDtype, facts: Mapping[str, Any]) -> dict[str, Any]:
    quantization = trained_quantization(Path(adapter.path))
    return {
        "kind": "merged_model",
        "adapter_id": adapter.adapter_id,
        "adapter_manifest_sha256": adapter.manifest_sha256,
        "job_id": adapter.job_id,
        "trainer_type": adapter.trainer_type,
        "trained_with_quantization": asdict(quantization) if quantization else None,
        "base_model": adapter.base_model,
        "base_model_digest": adapter.base_model_digest,
        "dataset_id": adapter.dataset_id,
        "dataset_sha256": adapter.dataset_sha256,
        "dtype": dtype.value,
        **facts,
    }


def _summary(
    adapter: Adapter, target: Path, dtype: MergeDtype, manifest: Manifest, facts: Mapping[str, Any], elapsed_s: float
) -> MergeSummary:
    return MergeSummary(
        path=target,
        manifest_sha256=manifest.sha256,
        adapter_id=adapter.adapter_id,
        base_model=adapter.base_model,
        dtype=dtype,
        size_bytes=sum(size for size, _ in manifest.files.values()),
        elapsed_s=elapsed_s,
        **facts,
    )
