"""The report of a completed job as a person reads it: one figure, two completions, one curve."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.loss_plot import loss_plot
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType


def draw_report(report: Mapping[str, Any], *, width: int) -> "RenderableType":
    """Everything that the report holds; parts that it lacks are left out."""
    from rich.console import Group

    parts = [_perplexity(report), *_samples(report), _curve(report, width), _paths(report)]
    return Group(*(part for part in parts if part is not None))


def loss_points(report: Mapping[str, Any]) -> list[tuple[float, float]]:
    """(step, training loss) of the run."""
    history = report.get("loss_history") or []
    return [
        (float(entry["step"]), float(entry["loss"]))
        for entry in history
        if isinstance(entry, Mapping) and entry.get("loss") is not None
    ]


def _perplexity(report: Mapping[str, Any]) -> "RenderableType | None":
    base, adapter = (_figure(report, side) for side in ("base", "adapter"))
    if base is None or adapter is None:
        return None
    rows = [(text("report.base"), formats.number(base, 2)), (text("report.adapter"), formats.number(adapter, 2))]
    from rich.console import Group

    ratio = text("report.ratio", ratio=formats.number(adapter / base, 2))
    return Group(table((text("report.perplexity"), ">"), rows), ratio, "")


def _figure(report: Mapping[str, Any], side: str) -> float | None:
    value = report.get(f"perplexity_{side}")
    return float(value) if isinstance(value, int | float) else None


def _samples(report: Mapping[str, Any]) -> "list[RenderableType]":
    rows = [
        (str(sample.get("prompt", "")), str(sample.get("base", "")), str(sample.get("adapter", "")))
        for sample in report.get("samples") or []
        if isinstance(sample, Mapping)
    ]
    return [table((text("report.prompt"), text("report.base"), text("report.adapter")), rows)] if rows else []


def _curve(report: Mapping[str, Any], width: int) -> "RenderableType | None":
    from rich.text import Text

    plot = loss_plot(loss_points(report), width=min(width, 100))
    return Text(f"{text('report.loss')}\n{plot}\n") if plot else None


def _paths(report: Mapping[str, Any]) -> "RenderableType | None":
    paths = report.get("paths")
    return facts([(name, str(path)) for name, path in paths.items()]) if isinstance(paths, Mapping) else None
