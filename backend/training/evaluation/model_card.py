"""The model card of an adapter: what it is, what it was made of, how good it is, where it must not be used."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.training.evaluation.completions import SampleCompletion

_HELD_OUT = (
    ("base_perplexity", "Perplexity of the base model on held-out records"),
    ("adapter_perplexity", "Perplexity with the adapter on the same tokens"),
    ("ratio", "Adapter / base"),
    ("tokens", "Held-out tokens"),
)
_TRAINING = (
    ("eval_loss", "Validation loss of the published step (nats/token)"),
    ("train_loss", "Training loss at the end (nats/token)"),
    ("steps", "Optimizer steps"),
    ("published_step", "Published step (lowest validation loss)"),
    ("stopped_early", "Stopped early"),
)
_LONGEST_SAMPLE = 400
INTENDED_USE = """\
For drafting and searching in the subject matter of the records above, by people who check the result. It states no
law: what it writes may be wrong, outdated or made up, and it is no basis for a decision about a person. It repeats what
its records contain, personal data included. The perplexity above says how well it predicts such text, not whether its
statements are true."""


def write_model_card(
    adapter_dir: Path, *, figures: Mapping[str, Any], samples: Sequence[SampleCompletion] = ()
) -> Path:
    """Write README.md from `training_config.json` of the adapter and the figures of its evaluation.

    Args:
        adapter_dir: Folder that a trainer filled.
        figures: Of the evaluation on held-out records, if there was one; others are ignored.
        samples: Completions to show; they quote the documents.

    Returns:
        The file.
    """
    run = json.loads((adapter_dir / "training_config.json").read_text(encoding="utf-8"))
    parts = [_front_matter(run), _what(run), _table(run, figures), _config(run), _use(run)]
    if samples:
        parts.append(_samples(samples))
    target = adapter_dir / "README.md"
    target.write_text("\n".join(parts), encoding="utf-8", newline="\n")
    return target


def _front_matter(run: Mapping[str, Any]) -> str:
    # values as JSON strings, which are YAML too: a name with a colon cannot break the header
    return "\n".join(
        [
            "---",
            f"base_model: {json.dumps(run['base_model']['reference'], ensure_ascii=False)}",
            "library_name: peft",
            "pipeline_tag: text-generation",
            "tags: [lora, clara]",
            "---",
            "",
        ]
    )


def _what(run: Mapping[str, Any]) -> str:
    data = run["data"]
    source = f"dataset `{data['dataset_id']}`" if data["dataset_id"] else "a file of records"
    return "\n".join(
        [
            f"# {run['job_name'] or run['job_id']}",
            "",
            f"A LoRA adapter, made by training job `{run['job_id']}`.",
            "",
            f"- Base model: `{run['base_model']['reference']}` (SHA-256 `{run['base_model']['digest']}`)",
            f"- Trained on {source} with content SHA-256 `{data['sha256']}`",
            f"- {data['records']} records of shape `{data['record_shape']}`, {data['trained_tokens']} trained tokens",
            *_chats(run),
            "",
        ]
    )


def _chats(run: Mapping[str, Any]) -> list[str]:
    if not run["chat_template_sha256"]:
        return []
    named = run["config"]["model"].get("chat_template")
    source = f"`{named}`" if named else "of the base model"
    return [f"- Chat template {source}, stored here as `chat_template.jinja` (SHA-256 `{run['chat_template_sha256']}`)"]


def _table(run: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    was_evaluated = figures.get("base_perplexity") is not None
    known = [(label, figures[name]) for name, label in _HELD_OUT if was_evaluated and name in figures]
    known += [(label, run["metrics"][name]) for name, label in _TRAINING if run["metrics"].get(name) is not None]
    known.append((f"Records cut at {run['resolved']['max_length']} tokens", run["data"]["truncated_records"]))
    rows = [f"| {label} | {_shown(value)} |" for label, value in known]
    return "\n".join(["## Figures", "", "| | |", "|---|---|", *rows, ""])


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _config(run: Mapping[str, Any]) -> str:
    body = {"lora": run["config"]["lora"], "training": run["config"]["training"], "resolved": run["resolved"]}
    text = json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True)
    return "\n".join(["## Configuration", "", "```json", text, "```", ""])


def _use(run: Mapping[str, Any]) -> str:
    return "\n".join(
        [
            "## Intended use and limits",
            "",
            INTENDED_USE,
            "",
            "## Loading",
            "",
            "```python",
            "from peft import PeftModel",
            "from transformers import AutoModelForCausalLM",
            "",
            f"base = AutoModelForCausalLM.from_pretrained({run['base_model']['folder']!r})",
            'model = PeftModel.from_pretrained(base, "path/of/this/folder")',
            "```",
            "",
        ]
    )


def _samples(samples: Sequence[SampleCompletion]) -> str:
    lines = ["## Sample completions (greedy, held-out records)", ""]
    for number, sample in enumerate(samples, start=1):
        lines += [f"### {number}", ""]
        for label, text in (
            ("Prompt", sample.prompt),
            ("Base model", sample.base),
            ("Adapter", sample.adapter),
            ("Record", sample.reference),
        ):
            lines += [f"**{label}**", "", *_quoted(text), ""]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    shown = text.strip()
    shown = shown if len(shown) <= _LONGEST_SAMPLE else shown[:_LONGEST_SAMPLE].rstrip() + " …"
    return [f"> {line}" for line in shown.splitlines()] or ["> (nothing)"]
