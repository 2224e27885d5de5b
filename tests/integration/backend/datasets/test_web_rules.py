"""Our verdicts beside DataTrove's own, on real texts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.datatrove_peer import FILTERS, MISSING, PYTHON, ours, theirs
from tests.support.real_texts import LAWS, PAGES, law_sections, web_pages
from tests.support.shared_data import needs_shared_data
from tests.support.web_texts import different_words, prose, spoilt

pytestmark = pytest.mark.skipif(not PYTHON, reason=MISSING)

ODD = [
    "",
    " ",
    "\n",
    "\n\n\n",
    "word",
    "8) (8 :-) ( =[ ))",
    "¯\\(ツ)/¯ " * 9,
    "日本語。" * 60,
    "a.b@c.de, " * 60,
    "\x1c" * 7,
]


def _assert_equal(texts: Sequence[str], folder: Path) -> None:
    our, their = ours(texts, folder), theirs(texts, folder)
    pairs = zip(our.verdicts, their.verdicts, strict=True)
    assert [text for text, (a, b) in zip(texts, pairs, strict=True) if a != b] == []
    reasons = Counter(verdict[name] for verdict in their.verdicts for name in FILTERS)
    assert len(reasons) > 5, "texts that are all kept or all dropped alike show nothing"


@needs_shared_data(PAGES)[0]
@needs_shared_data(PAGES)[1]
def test_web_pages_whole_and_spoilt_have_equal_verdicts(tmp_path: Path) -> None:
    pages = web_pages()
    _assert_equal([*pages, *spoilt(pages)], tmp_path)


@needs_shared_data(LAWS)[0]
@needs_shared_data(LAWS)[1]
def test_sections_of_law_have_equal_verdicts(tmp_path: Path) -> None:
    _assert_equal(law_sections(2_000), tmp_path)


def test_made_and_odd_texts_have_equal_verdicts(tmp_path: Path) -> None:
    pages = [prose(different_words(number), line_size=size) for number in (49, 50, 200) for size in (4, 10, 60)]
    _assert_equal([*ODD, *pages, *spoilt(pages)], tmp_path)
