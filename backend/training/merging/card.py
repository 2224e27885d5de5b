"""The model card of a merged model: where it comes from, what it was checked against, where it must not be used."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.training.evaluation.model_card import INTENDED_USE
from shared.models.adapter import Adapter

_LINEAGE = (
    ("base_model", "Base model"),
    ("base_model_digest", "SHA-256 of its files"),
    ("adapter_id", "Adapter"),
    ("adapter_manifest_sha256", "SHA-256 of its manifest"),
    ("job_id", "Training job"),
    ("trainer_type", "Trainer"),
    ("dataset_id", "Dataset"),
    ("dataset_sha256", "SHA-256 of its content"),
)
_MERGE = """\
## The merge

{layers} layers, summed in float32 and rounded once to {dtype}, on the unquantised base model. On a fixed row of tokens
the logits of this model differ from those of base model and adapter by {difference:.2g} of their size; the adapter
itself makes {effect:.2g}. Rounding moved the weights by {rounding:.2g} of what the adapter moves them.
"""
_QUANTISED = """
The adapter was trained and measured on the base model in {bits} bits. Here it sits on the weights as they were before
that rounding: it computes nearly, not exactly, what the training report shows.
"""
_MEASURED = """\
## Quality

Perplexity on {records} held-out records, measured with the adapter before the merge: base model {base_perplexity:.4g},
with adapter {adapter_perplexity:.4g}.
"""
_NOT_MEASURED = "## Quality\n\nThe adapter was not measured on held-out records.\n"


def write_card(folder: Path, adapter: Adapter, lineage: Mapping[str, Any]) -> Path:
    """Write README.md.

    Args:
        folder: Of the merged model.
        adapter: That was merged.
        lineage: Properties of the merged model's manifest.

    Returns:
        The file.
    """
    parts = [_front_matter(lineage), _what(adapter), _table(lineage), _merge(lineage), _quality(adapter), _use(lineage)]
    target = folder / "README.md"
    target.write_text("\n".join(parts), encoding="utf-8", newline="\n")
    return target


def _front_matter(lineage: Mapping[str, Any]) -> str:
    # values as JSON strings, which are YAML too: a name with a colon cannot break the header
    return "\n".join(
        [
            "---",
            f"base_model: {json.dumps(lineage['base_model'], ensure_ascii=False)}",
            "base_model_relation: finetune",
            "library_name: transformers",
            "pipeline_tag: text-generation",
            "tags: [clara]",
            "---",
            "",
        ]
    )


def _what(adapter: Adapter) -> str:
    return f"# {adapter.name} (merged)\n\nA base model with a LoRA adapter merged into its weights; it needs no peft.\n"


def _table(lineage: Mapping[str, Any]) -> str:
    rows = [f"| {label} | `{lineage[name]}` |" for name, label in _LINEAGE if lineage[name]]
    return "\n".join(["## Lineage", "", "| | |", "|---|---|", *rows, ""])


def _merge(lineage: Mapping[str, Any]) -> str:
    text = _MERGE.format(**lineage)
    if lineage["trained_with_quantization"]:
        text += _QUANTISED.format(**lineage["trained_with_quantization"])
    return text


def _quality(adapter: Adapter) -> str:
    held_out = adapter.metrics.get("held_out") or {}
    return _MEASURED.format(**held_out) if held_out.get("base_perplexity") else _NOT_MEASURED


def _use(lineage: Mapping[str, Any]) -> str:
    return "\n".join(
        [
            "## Intended use and limits",
            "",
            INTENDED_USE,
            "",
            "The licence of the base model applies to this model too.",
            "",
            "## Loading",
            "",
            "```python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            f'model = AutoModelForCausalLM.from_pretrained("path/of/this/folder", dtype="{lineage["dtype"]}")',
            'tokenizer = AutoTokenizer.from_pretrained("path/of/this/folder")',
            "```",
            "",
        ]
    )
