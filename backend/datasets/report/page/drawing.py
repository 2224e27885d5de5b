"""Bars as inline SVG in the colours of the page: sharp at every width, on paper too; a reader hears every figure."""

import math

from markupsafe import Markup

from backend.datasets.report.bars import BarChart
from backend.datasets.report.wording import Wording

_GAP = 0.14  # of the room of a bar
_TICKS = 4
_MOST_LABELS = 14


def drawn(chart: BarChart, say: Wording) -> Markup:
    """The chart without its title."""
    return _upright(chart, say) if chart.is_upright else _lying(chart, say)


def heard(chart: BarChart, say: Wording) -> str:
    """What somebody hears who does not see the chart."""
    return f"{chart.title}: " + ", ".join(f"{label} {say.number(value)}" for label, value in chart.bars)


def _lying(chart: BarChart, say: Wording) -> Markup:
    most = max(value for _, value in chart.bars)
    row = Markup(
        '<li><span class="label">{0}</span><svg class="bar" aria-hidden="true"><rect width="{1:.4g}%" height="100%"/>'
        '</svg><span class="value">{2}</span></li>'
    )
    rows = Markup("").join(row.format(label, 100 * value / most, say.number(value)) for label, value in chart.bars)
    return Markup('<ul class="lying">{0}</ul>').format(rows)


def _upright(chart: BarChart, say: Wording) -> Markup:
    top = _round_up(max(value for _, value in chart.bars))
    room = 100 / len(chart.bars)
    bar = Markup('<rect x="{0:.4g}%" y="{1:.4g}%" width="{2:.4g}%" height="{3:.4g}%"><title>{4}: {5}</title></rect>')
    bars = Markup("").join(
        bar.format(
            room * (place + _GAP / 2), 100 * (1 - value / top), room * (1 - _GAP), 100 * value / top, label,
            say.number(value),
        )
        for place, (label, value) in enumerate(chart.bars)
    )  # fmt: skip
    line = Markup('<line x1="0" x2="100%" y1="{0:.4g}%" y2="{0:.4g}%"/>')
    mark = Markup('<text x="100%" y="{0:.4g}%">{1}</text>')
    ticks = [(100 * (1 - tick / _TICKS), top * tick / _TICKS) for tick in range(_TICKS + 1)]
    return Markup(
        '<div class="upright"><svg class="values" aria-hidden="true">{0}</svg>'
        '<svg class="plot" role="img" aria-label="{1}">{2}{3}</svg>'
        '<svg class="names" aria-hidden="true">{4}</svg></div>'
    ).format(
        Markup("").join(mark.format(at, say.number(round(value))) for at, value in ticks),
        heard(chart, say),
        Markup("").join(line.format(at) for at, _ in ticks),
        bars,
        _names(chart, room),
    )


def _names(chart: BarChart, room: float) -> Markup:
    every = max(1, math.ceil(len(chart.bars) / _MOST_LABELS))
    name = Markup('<text x="{0:.4g}%" y="55%">{1}</text>')
    shown = list(enumerate(label for label, _ in chart.bars))[::every]
    return Markup("").join(name.format(room * (place + 0.5), label) for place, label in shown)


def _round_up(value: int) -> int:
    """The next number that four ticks divide into round ones."""
    power: int = 10 ** max(0, len(str(value)) - 2)
    return max(_TICKS, math.ceil(value / (_TICKS * power)) * _TICKS * power)
