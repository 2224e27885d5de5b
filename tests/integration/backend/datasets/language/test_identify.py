import itertools
import json
import lzma

from backend.datasets.language.identify import identify
from tests.benchmarks._law_texts import law_texts
from tests.support.shared_data import SHARED_DATA, needs_shared_data

pytestmark = needs_shared_data("gesetze.tar.xz", "c4_demo.jsonl.xz")


def test_laws_are_german() -> None:
    sections = [text for _, text in itertools.islice(law_texts(), 5_000) if len(text.split()) >= 20]
    assert sum(identify(text).language == "de" for text in sections) >= 0.998 * len(sections)


def test_english_pages_are_english() -> None:
    with lzma.open(SHARED_DATA / "c4_demo.jsonl.xz", "rt", encoding="utf-8") as lines:
        found = [identify(json.loads(line)["text"]).language for line in lines]
    assert found.count("en") >= 0.99 * len(found)
