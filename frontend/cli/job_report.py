"""The report of a completed job as a person reads it: one figure, completions side by side, one curve."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.loss_plot import loss_plot
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDEST_PLOT = 100


def draw_report(report: Mapping[str, Any], *, width: int) -> "RenderableType":
    """Everything that the report holds; parts that it lacks are left out."""
    from rich.console import Group

    return Group(*_verdict(report), *_perplexity(report), *_samples(report), *_curve(report, width), *_paths(report))


def loss_points(report: Mapping[str, Any]) -> list[tuple[float, float]]:
    """(step, training loss in nats per token) of the run: the running mean where there is one, else single steps."""
    history = [entry for entry in report.get("loss_history") or () if isinstance(entry, Mapping)]
    figure = "running_loss" if any(entry.get("running_loss") is not None for entry in history) else "loss"
    return [(float(entry["step"]), float(entry[figure])) for entry in history if entry.get(figure) is not None]


def _verdict(report: Mapping[str, Any]) -> "list[RenderableType]":
    """What a comparison with the adapter in use ended with, and why."""
    comparison = (report.get("metrics") or {}).get("comparison")
    if not isinstance(comparison, Mapping):
        return []
    rows = [_answer_row(name, comparison[name]) for name in ("held_out", "golden", "fit") if name in comparison]
    adapter = comparison.get("compared_with") or text("report.base")
    headline = text("report.verdict", adapter=adapter, verdict=str(comparison.get("verdict")).upper())
    sure = text("report.bound", confidence=f"{comparison.get('confidence', 0):.0%}")
    columns = (text("report.question"), f">{sure}", f">{text('report.needed')}", "")
    return [headline, table(columns, rows), ""]


def _answer_row(name: str, answer: Mapping[str, Any]) -> tuple[str, str, str, str]:
    needed = "report.at_most" if name == "golden" else "report.more_than"
    return (
        text(f"report.{name}"),
        formats.number(answer.get("bound"), 4),
        text(needed, value=formats.number(answer.get("required"), 4)),
        text("report.passed" if answer.get("is_passed") else "report.not_passed"),
    )


def _perplexity(report: Mapping[str, Any]) -> "list[RenderableType]":
    base, adapter = report.get("perplexity_base"), report.get("perplexity_adapter")
    if not base or not adapter:
        return []
    rows = [(text("report.base"), formats.number(base, 2)), (text("report.adapter"), formats.number(adapter, 2))]
    ratio = text("report.ratio", ratio=formats.number(adapter / base, 2))
    return [table((text("report.perplexity"), ">"), rows), ratio, ""]


def _samples(report: Mapping[str, Any]) -> "list[RenderableType]":
    parts = ("prompt", "base", "adapter", "reference")
    rows = [
        # a young model may write nothing but line breaks; one line per completion keeps the columns side by side
        [" ".join(str(sample.get(part) or "").split()) or "–" for part in parts]
        for sample in report.get("samples") or ()
        if isinstance(sample, Mapping)
    ]
    return [table([text(f"report.{part}") for part in parts], rows)] if rows else []


def _curve(report: Mapping[str, Any], width: int) -> "list[RenderableType]":
    from rich.text import Text

    plot = loss_plot(loss_points(report), width=min(width, _WIDEST_PLOT))
    return [Text(f"{text('report.loss')}\n{plot}\n")] if plot else []


def _paths(report: Mapping[str, Any]) -> "list[RenderableType]":
    paths = report.get("paths")
    return [facts([(name, str(path)) for name, path in paths.items()])] if isinstance(paths, Mapping) else []
