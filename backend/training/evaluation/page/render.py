"""From the content of `report.json` to the page; every text in it is escaped, whoever wrote it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from backend.training.evaluation.page import wording
from backend.training.evaluation.page.charts import Chart, Series, chart, series_of

_HERE = Path(__file__).parent
# figure of the log, title, unit, how it is written; all of them are seen from zero
_SMALL = (
    ("reward_accuracy", "Chosen answers preferred", "share of the pairs of a step", wording.number),
    ("reward_margin", "Margin of the chosen answer", "reward", wording.number),
    ("learning_rate", "Learning rate", "", wording.number),
    ("grad_norm", "Norm of the gradient", "before clipping", wording.number),
    ("tokens_per_s", "Speed", "tokens/s", wording.number),
    ("memory_mb", "Memory of the trainer", "", wording.memory),
    ("gpu_memory_used_mb", "Memory of the GPU", "all processes", wording.memory),
    ("gpu_utilization_percent", "GPU busy", "% of the time", wording.number),
)
_LOSS_UNITS = {"sft": "nats per token", "dpo": "nats per pair"}


def render_page(report: Mapping[str, Any]) -> str:
    """The report as one HTML document.

    Args:
        report: Content of `report.json` of an adapter of a language model.
    """
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rows = report["loss_history"]
    # not escaped, since it is our own file: escaped it would be another text than the one the policy allows
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        style=Markup(style),  # noqa: S704 - see above
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        loss=loss_chart(rows, _LOSS_UNITS.get(report["run"]["resolved"].get("objective", ""), "")),
        small=[drawn for drawn in (_small(rows, *figure) for figure in _SMALL) if drawn],
    )


def loss_chart(rows: Sequence[Mapping[str, Any]], unit: str) -> Chart | None:
    """Training and validation loss."""
    curves = (
        Series("faint", "training, single steps", series_of(rows, "loss")),
        Series("train", "training, running mean", series_of(rows, "running_loss")),
        Series("eval", "validation", series_of(rows, "eval_loss"), has_dots=True),
    )
    return chart("Loss", unit, curves, shown=wording.number)


def _small(rows: Sequence[Mapping[str, Any]], figure: str, title: str, unit: str, shown: Any) -> Chart | None:
    return chart(title, unit, [Series("train", title, series_of(rows, figure))], shown=shown, is_from_zero=True)


def _environment() -> Environment:
    # a figure that some trainer does not have is a dash: a finished training must not fail for its report
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "measured", "duration", "memory", "moment", "percent", "change", "setting", "excerpt"):
        environment.filters[name] = getattr(wording, name)
    return environment
