"""The report of a dataset as a folder of its own, published with a manifest: pages, pictures and the data card.

report/<language>.html, <picture>.<language>.png, data_card.<language>.md, data_card.json, details.json
"""

import json
from pathlib import Path

from backend.datasets.report.bars import charts_of
from backend.datasets.report.card import card_json, card_markdown
from backend.datasets.report.file_names import CARD_FILE, DETAILS, DETAILS_FILE, card_name, page_name, picture_name
from backend.datasets.report.page.render import render_page
from backend.datasets.report.pictures import draw_picture
from backend.datasets.report.subject import Language, ReportSubject
from backend.datasets.report.wording import Wording
from shared.storage import Manifest, stage


def publish_report(subject: ReportSubject, target: Path, *, has_pictures: bool = True) -> Manifest:
    """Write everything about a dataset for people; the same subject gives the same bytes.

    Raises:
        AlreadyPublished: If the target exists.
        DiskFull: If the disk is full.
    """
    with stage(target) as staged:
        for language in Language:
            say = Wording(language)
            _write(staged.path / page_name(language), render_page(subject, say))
            _write(staged.path / card_name(language), card_markdown(subject, say))
            for chart in charts_of(subject.statistics, say).values() if has_pictures else ():
                draw_picture(chart, staged.path / picture_name(chart.name, language), say)
        details = {name: subject.statistics[name] for name in DETAILS}
        _write(staged.path / DETAILS_FILE, json.dumps(details, ensure_ascii=False) + "\n")
        _write(staged.path / CARD_FILE, json.dumps(card_json(subject), ensure_ascii=False, indent=2) + "\n")
        return staged.publish({"dataset_id": subject.dataset_id, "content_sha256": subject.content_sha256})


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n", errors="replace")
