"""From the statistics of a dataset to the page; every text in it is escaped, whoever wrote it."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from backend.datasets.report.bars import charts_of
from backend.datasets.report.card import card_of
from backend.datasets.report.page.drawing import drawn, heard
from backend.datasets.report.subject import ReportSubject
from backend.datasets.report.wording import Wording
from shared.models.dataset import Split

_HERE = Path(__file__).parent


def render_page(subject: ReportSubject, say: Wording) -> str:
    """The report as one HTML document in the language of the wording."""
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=say.number, percent=say.percent, reason=say.reason)
    return environment.get_template("report.html.j2").render(
        subject=subject,
        told=subject.statistics,
        say=say,
        splits=[split.value for split in Split],
        charts=charts_of(subject.statistics, say),
        drawn=lambda chart: drawn(chart, say),
        heard=lambda chart: heard(chart, say),
        card=card_of(subject, say),
        # not escaped, since it is our own file: escaped it would be another text than the one the policy allows
        style=Markup(style),  # noqa: S704 - see above
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )
