"""The figures of a run as a picture: nDCG@10 of every ablation, set by set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.metrics import NDCG_10
from shared.errors import Unavailable

_WIDTH_INCHES = 8.0
_ROW_INCHES = 0.26
_HEAD_INCHES = 0.75
_ALL, _ONLY, _WITHOUT = "#1f5a8a", "#9db4c8", "#d8a49b"


class PlottingLibraryMissing(Unavailable):
    """matplotlib is not installed."""

    code = "plotting_library_missing"

    def __init__(self) -> None:
        super().__init__("No picture was drawn: matplotlib is not installed. pip install 'clara-finetuning[trainer]'")


def plot_ablations(figures: Mapping[str, Any], target: Path) -> None:
    """Draw bars with their 95 % intervals against all lists together.

    Args:
        figures: As written to figures.json.
        target: SVG file to write.

    Raises:
        PlottingLibraryMissing: If matplotlib is not installed.
    """
    try:
        # the object interface: pyplot keeps figures in global state and looks for a display
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise PlottingLibraryMissing from exc

    rows = [len(each["ablations"]) for each in figures["sets"].values()]
    height = sum(_HEAD_INCHES + _ROW_INCHES * count for count in rows)
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    canvas: Any = FigureCanvasSVG(figure)
    panels = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": rows})
    for axes, (name, each) in zip(panels[:, 0], figures["sets"].items(), strict=True):
        _draw(axes, f"{name} ({each['queries']:,} queries, {each['sections']:,} sections)", each["ablations"])
    canvas.print_svg(target, metadata={"Date": None})


def _draw(axes: Any, title: str, ablations: Mapping[str, Any]) -> None:
    names = list(ablations)
    values = [ablations[name][NDCG_10] for name in names]
    colors = [_WITHOUT if name.startswith("without") else _ONLY if name.startswith("only") else _ALL for name in names]
    axes.barh(names, values, color=colors, xerr=_intervals(ablations), error_kw={"linewidth": 0.8, "capsize": 2})
    for place, value in enumerate(values):
        axes.text(0.005, place, f"{value:.3f}", va="center", fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("nDCG@10", fontsize=8)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)


def _intervals(ablations: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Below and above each bar: how far its distance to `all` reaches."""
    judged = [each["against_all"].get(NDCG_10) for each in ablations.values()]
    below = [max(0.0, one["difference"] - one["low"]) if one else 0.0 for one in judged]
    above = [max(0.0, one["high"] - one["difference"]) if one else 0.0 for one in judged]
    return below, above
