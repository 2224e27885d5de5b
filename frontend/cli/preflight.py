"""What was found before a job was queued, as a person reads it: bad rows, lengths, plan, estimate, one record."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

_ROWS = 20
_BAR = 40


def draw_preflight(report: Mapping[str, Any]) -> "RenderableType":
    """Everything that the report holds; parts that it lacks are left out."""
    from rich.console import Group

    return Group(*_problems(report["problems"]), *_facts(report), *_histogram(report), *_sample(report))


def _problems(problems: Mapping[str, Any]) -> "list[RenderableType]":
    if not problems["count"]:
        return []
    shown = problems["rows"][:_ROWS]
    rows = [(str(row["line"]), row["field"], row["reason"]) for row in shown]
    columns = [text(f"preflight.{name}") for name in ("line", "field", "reason")]
    rest = problems["count"] - len(shown)
    return [table(columns, rows), *([text("preflight.more", n=rest)] if rest else []), ""]


def _facts(report: Mapping[str, Any]) -> "list[RenderableType]":
    if "plan" not in report:
        return []
    tokens, cut, plan = report["tokens"], report["truncated"], report["plan"]
    lines = {
        "records": {"train": plan["train_records"], "validation": plan["validation_records"], "shape": report["shape"]},
        "tokens": {**tokens, "share": _percent(tokens["trained"] / max(1, tokens["total"]))},
        "truncated": {
            "n": cut["records"],
            "share": _percent(cut["share"]),
            "length": report["max_length"],
            "lost": cut["tokens_lost"],
        }
        if cut["records"]
        else None,
        "plan": {
            "steps": plan["total_steps"],
            "batch": plan["effective_batch"],
            "objective": plan["objective"],
            "rate": f"{plan['learning_rate']:g}",
            "trained": plan["trained_parameters"],
            "base": plan["base_parameters"],
        },
        "estimate": _costs(report["estimate"]),
        "actual": _costs(report["actual"]) if report.get("actual") else None,
    }
    pairs = [
        (
            text(f"preflight.{name}"),
            text(f"preflight.{name}_of", **{key: _figure(value) for key, value in values.items()}),
        )
        for name, values in lines.items()
        if values is not None
    ]
    return [facts(pairs), ""]


def _costs(costs: Mapping[str, Any]) -> dict[str, str]:
    seconds, memory_mb = costs["seconds"], costs["memory_mb"]
    return {
        "memory": formats.size(memory_mb * 1024 * 1024) if memory_mb is not None else "?",
        "time": text("preflight.unknown_time") if seconds is None else formats.duration(seconds),
    }


def _histogram(report: Mapping[str, Any]) -> "list[RenderableType]":
    classes = report.get("histogram") or []
    most = max((entry["records"] for entry in classes), default=0)
    if not most:
        return []
    rows = [
        (
            text("preflight.up_to", n=formats.number(entry["up_to"])),
            formats.number(entry["records"]),
            "█" * max(round(entry["records"] / most * _BAR), 1 if entry["records"] else 0),
        )
        for entry in classes
    ]
    return [table((text("preflight.lengths"), f">{text('preflight.records')}", ""), rows)]


def _sample(report: Mapping[str, Any]) -> "list[RenderableType]":
    from rich.text import Text

    sample = report.get("sample")
    if not sample:
        return []
    drawn = Text()
    for piece in sample["pieces"]:
        drawn.append(piece["text"], style="reverse" if piece["is_trained"] else "")
    if not sample["is_whole"]:
        drawn.append(" …")
    return [text("preflight.sample", line=sample["line"]), drawn]


def _figure(value: Any) -> str:
    return formats.number(value) if isinstance(value, int) else str(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
