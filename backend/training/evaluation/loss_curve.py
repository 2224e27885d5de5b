"""The loss curve of a run as a picture."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SIZE_INCHES = (8.0, 4.5)
_DPI = 120
# figure of the log, label, colour, line width, marker
_CURVES = (
    ("loss", "training (one step)", "#9db4c8", 1.0, None),
    ("running_loss", "training (running mean)", "#1f5a8a", 1.8, None),
    ("eval_loss", "validation", "#c0392b", 1.8, "o"),
)


def plot_loss_curve(log: Path, target: Path, *, title: str) -> None:
    """Draw training and validation loss over optimizer steps.

    Args:
        log: `training_log.jsonl` of an adapter.
        target: PNG file to write.
        title: Headline, e.g. the name of the job.
    """
    # the object interface with its own canvas: pyplot keeps figures in global state and looks for a display
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for key, label, color, width, marker in _CURVES:
        steps, values = loss_series(rows, key)
        if steps:
            axes.plot(steps, values, label=label, color=color, linewidth=width, marker=marker, markersize=4)
    axes.set_title(title)
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss (nats per token)")
    axes.grid(visible=True, alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    canvas.print_png(target)


def loss_series(rows: Sequence[Mapping[str, Any]], key: str) -> tuple[list[int], list[float]]:
    """Steps and values of one figure of a training log, where it was logged."""
    found = [(int(row["step"]), float(row[key])) for row in rows if row.get(key) is not None]
    return [step for step, _ in found], [value for _, value in found]
