"""Curves as inline SVG, drawn from numbers alone: sharp at every width, in the colours of the page, on paper too.

The lines stretch with the page, the text beside them does not: a chart is a grid of three pictures (values beside the
y axis, the plot, steps below it). Styles come from the page's one style sheet, since its policy allows no others.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from backend.training.evaluation.page.scales import Scale, scale_for

Point = tuple[float, float]
_UNITS = 1000  # the plot's own coordinates, stretched to whatever room there is
_MOST_POINTS = 600
_SVG = Markup('<svg class="{0}"{1}>{2}</svg>')


@dataclass(frozen=True, slots=True)
class Series:
    """One curve.

    Args:
        style: Class in the style sheet.
        label: Name in the legend.
        points: (step, value), by step; values that are no numbers are left out.
        has_dots: Whether each point is marked and tells its value when pointed at.
    """

    style: str
    label: str
    points: Sequence[Point]
    has_dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over optimizer steps, ready to be put into the page."""

    title: str
    unit: str
    series: Sequence[Series]
    plot: Markup


def chart(
    title: str, unit: str, series: Sequence[Series], *, shown: Callable[[float], str], is_from_zero: bool = False
) -> Chart | None:
    """Draw curves; None if there is nothing to draw.

    Args:
        title: Headline.
        unit: Of the values.
        series: Curves, drawn in this order.
        shown: How a value is written.
        is_from_zero: Whether the y axis begins at 0: an amount whose changes are small looks so.
    """
    drawn = [Series(s.style, s.label, thinned(_finite(s.points)), s.has_dots) for s in series]
    drawn = [one for one in drawn if one.points]
    if not drawn:
        return None
    steps = scale_for((x for one in drawn for x, _ in one.points), ticks=6, is_tight=True)
    heights = [y for one in drawn for _, y in one.points]
    values = scale_for([0.0, *heights] if is_from_zero else heights)
    lines = [_line(one, steps, values) for one in drawn]
    dots = [_dots(one, steps, values, shown) for one in drawn if one.has_dots]
    label = Markup(' role="img" aria-label="{0}" viewBox="0 0 {1} {1}" preserveAspectRatio="none"').format(
        f"{title} over optimizer steps", _UNITS
    )
    plot = Markup("").join(
        [
            _SVG.format("values", Markup(' aria-hidden="true"'), _value_labels(values, shown)),
            _SVG.format("plot", label, Markup("").join([_grid(values), *lines, *dots])),
            _SVG.format("steps", Markup(' aria-hidden="true"'), _step_labels(steps)),
        ]
    )
    return Chart(title, unit, drawn, plot)


def thinned(points: Sequence[Point], most: int = _MOST_POINTS) -> Sequence[Point]:
    """At most about `most` points, keeping the lowest and the highest of each stretch: no spike is lost."""
    if len(points) <= most:
        return points
    width = math.ceil(2 * len(points) / most)
    kept: list[Point] = []
    for start in range(0, len(points), width):
        stretch = points[start : start + width]
        ends = {min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])}
        kept += sorted(ends)
    return [points[0], *(p for p in kept if p not in (points[0], points[-1])), points[-1]]


def series_of(rows: Sequence[Mapping[str, object]], figure: str) -> list[Point]:
    """(step, value) of one figure of a training log, where it was logged."""
    found = []
    for row in rows:
        step, value = row.get("step"), row.get(figure)
        if isinstance(step, int | float) and isinstance(value, int | float):
            found.append((float(step), float(value)))
    return found


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _at(point: Point, steps: Scale, values: Scale) -> tuple[float, float]:
    x, y = steps.share(point[0]), 1 - values.share(point[1])
    return round(x * _UNITS, 1), round(y * _UNITS, 1)


def _line(one: Series, steps: Scale, values: Scale) -> Markup:
    corners = " ".join(f"{x:g},{y:g}" for x, y in (_at(point, steps, values) for point in one.points))
    return Markup('<polyline class="{0}" points="{1}"/>').format(one.style, corners)


def _dots(one: Series, steps: Scale, values: Scale, shown: Callable[[float], str]) -> Markup:
    # a line of no length with round ends: a circle would be stretched with the plot
    dot = Markup('<path class="dot {0}" d="M{1:g} {2:g}h.01"><title>{3}</title></path>')
    return Markup("").join(
        dot.format(one.style, *_at(point, steps, values), f"step {point[0]:g}: {shown(point[1])}")
        for point in one.points
    )


def _grid(values: Scale) -> Markup:
    line = Markup('<path class="grid" d="M0 {0:g}H{1}"/>')
    return Markup("").join(line.format(round((1 - values.share(tick)) * _UNITS, 1), _UNITS) for tick in values.ticks)


def _value_labels(values: Scale, shown: Callable[[float], str]) -> Markup:
    text = Markup('<text x="100%" y="{0:.4g}%">{1}</text>')
    return Markup("").join(text.format(100 * (1 - values.share(tick)), shown(tick)) for tick in values.ticks)


def _step_labels(steps: Scale) -> Markup:
    text = Markup('<text class="{0}" x="{1:.4g}%" y="50%">{2}</text>')
    placed = [(steps.share(tick), f"{tick:g}") for tick in steps.ticks]
    return Markup("").join(text.format(_anchor(share), 100 * share, label) for share, label in placed)


def _anchor(share: float) -> str:
    """At the ends of the axis the text stays inside."""
    return "first" if share < 0.02 else "last" if share > 0.98 else "within"
