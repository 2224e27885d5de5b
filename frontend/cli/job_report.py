"""The report of a completed job as a person reads it: one figure, two completions, one curve."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.loss_plot import loss_plot
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType


def draw_report(report: Mapping[str, Any], *, adapter_path: str, width: int) -> "RenderableType":
    """Everything that the report holds; parts that it lacks are left out."""
    from rich.console import Group

    parts = [*_perplexity(report), *_samples(report), *_curve(report, width)]
    return Group(*parts, facts([(text("report.base"), str(report.get("base_model") or "")), *_files(adapter_path)]))


def loss_points(report: Mapping[str, Any]) -> list[tuple[float, float]]:
    """(step, training loss in nats per token) of the run: the running mean where there is one, else single steps."""
    history = [entry for entry in report.get("history") or () if isinstance(entry, Mapping)]
    figure = "running_loss" if any(entry.get("running_loss") is not None for entry in history) else "loss"
    return [(float(entry["step"]), float(entry[figure])) for entry in history if entry.get(figure) is not None]


def _perplexity(report: Mapping[str, Any]) -> "list[RenderableType]":
    held_out = report.get("held_out") or {}
    base, adapter = held_out.get("base_perplexity"), held_out.get("adapter_perplexity")
    if not base or not adapter:
        return []
    rows = [(text("report.base"), formats.number(base, 2)), (text("report.adapter"), formats.number(adapter, 2))]
    ratio = text("report.ratio", ratio=formats.number(adapter / base, 2))
    return [table((text("report.perplexity"), ">"), rows), ratio, ""]


def _samples(report: Mapping[str, Any]) -> "list[RenderableType]":
    rows = [
        (str(sample.get("prompt", "")), str(sample.get("base", "")), str(sample.get("adapter", "")))
        for sample in report.get("samples") or []
        if isinstance(sample, Mapping)
    ]
    return [table((text("report.prompt"), text("report.base"), text("report.adapter")), rows)] if rows else []


def _curve(report: Mapping[str, Any], width: int) -> "list[RenderableType]":
    from rich.text import Text

    plot = loss_plot(loss_points(report), width=min(width, 100))
    return [Text(f"{text('report.loss')}\n{plot}\n")] if plot else []


def _files(adapter_path: str) -> list[tuple[str, str]]:
    return [(text("report.files"), adapter_path)] if adapter_path else []
