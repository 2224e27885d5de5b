"""Language identification: sections of 5,957 German laws, English web pages, and prose in 19 other languages.

Needs ../shared/data (or CLARA_SHARED_DATA). `german` is the share of law sections (of 5 words or more) that are German,
`agreement` how often lingua says so, too, where frequent words have decided without it. `caught` is the share of
foreign texts that are not taken for German: 300 web pages, and stretches of 200 characters of paragraphs written for
tests, nine of them in languages that lingua is not told of. Speed is CPU time over law sections, one process.
"""

import json
import lzma
import re
import time
from collections.abc import Sequence
from itertools import chain
from typing import Any

from backend.datasets.language.identify import MIN_WORDS, Identified, ask_lingua, identify, sample_of
from backend.datasets.quality.markup import without_markup
from backend.datasets.quality.normalise import normalise
from tests.benchmarks._law_texts import law_texts
from tests.support.foreign_texts import PARAGRAPHS, stretches
from tests.support.shared_data import SHARED_DATA

BOUNDS = {"german": 0.998, "caught": 0.97, "mb_per_s": 8.0}
_WORD = re.compile(r"[^\W\d_]+")
_EVERY = 4
_ASKED_AGAIN = 3_000
_ROUNDS = 3


def measure() -> dict[str, Any]:
    laws, pages = SHARED_DATA / "gesetze.tar.xz", SHARED_DATA / "c4_demo.jsonl.xz"
    if missing := [str(path) for path in (laws, pages) if not path.is_file()]:
        return {"skipped": f"{', '.join(missing)} not there", "holds": True}
    # as the quality filter gives them: without images and list marks
    sections = [without_markup(text) for _, text in law_texts()][::_EVERY]
    long_enough = [text for text in sections if len(_WORD.findall(text)) >= MIN_WORDS]
    with lzma.open(pages, "rt", encoding="utf-8") as lines:
        english = [normalise(json.loads(line)["text"]) for line in lines]
    others = list(chain.from_iterable(map(stretches, PARAGRAPHS.values())))
    figures = {
        "german": round(_german_share(long_enough), 5),
        "caught": round(1 - _german_share(english + others), 5),
        "agreement": round(_agreement(long_enough), 5),
        "mb_per_s": round(_speed(sections), 1),
    }
    return {
        **figures,
        "sections": len(long_enough),
        "foreign_texts": len(english) + len(others),
        "bounds": BOUNDS,
        "holds": all(figures[name] >= bound for name, bound in BOUNDS.items()),
    }


def _german_share(texts: Sequence[str]) -> float:
    return sum(identify(text).language == "de" for text in texts) / len(texts)


def _agreement(texts: Sequence[str]) -> float:
    """Of texts that frequent words decide (probability 1), the share for which lingua would have said the same."""
    decided = [text for text in texts if identify(text) == Identified("de", 1.0)][:_ASKED_AGAIN]
    answers = [ask_lingua(sample_of(text)).language for text in decided]
    return answers.count("de") / len(answers)


def _speed(texts: Sequence[str]) -> float:
    size_mb, best_s = sum(len(text.encode()) for text in texts) / 1e6, float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        for text in texts:
            identify(text)
        best_s = min(best_s, time.process_time() - started)
    return size_mb / best_s
