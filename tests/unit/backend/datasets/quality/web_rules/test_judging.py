"""Verdicts of all filters for many texts."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.quality.web_rules import judging
from backend.datasets.quality.web_rules.judging import WebRules, WebVerdict
from tests.support.web_texts import different_words, prose, spoilt

PAGE = prose(different_words(200))
TEXTS = ["", "word", PAGE, *spoilt([PAGE, prose(different_words(90), line_size=30)])]


def test_a_good_page_is_kept_by_all() -> None:
    verdict = WebRules().judge_many([PAGE])[0]
    assert verdict == WebVerdict(None, None, None, None, PAGE)
    assert verdict.reasons == ()


def test_each_filter_judges_by_itself() -> None:
    verdict = WebRules().judge_many([""])[0]
    assert verdict.reasons == ("empty", "gopher_short_doc", "too_few_sentences", "empty")


def test_no_texts_have_no_verdicts() -> None:
    assert WebRules().judge_many([]) == []


def test_what_stands_beside_a_text_changes_nothing() -> None:
    alone = [WebRules().judge_many([text])[0] for text in TEXTS]
    assert WebRules().judge_many(TEXTS) == alone
    assert len({verdict.reasons for verdict in alone}) > 5


def test_the_size_of_batches_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = WebRules().judge_many(TEXTS)
    for characters, texts in ((1, 1), (5_000, 4), (1 << 20, 3)):
        monkeypatch.setattr(judging, "_BATCH_CHARACTERS", characters)
        monkeypatch.setattr(judging, "_BATCH_TEXTS", texts)
        assert WebRules().judge_many(TEXTS) == expected


def test_words_that_are_forgotten_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = WebRules()
    expected = rules.judge_many(TEXTS)
    assert rules.judge_many(TEXTS) == expected
    monkeypatch.setattr(judging, "_KNOWN_PIECES", 1)
    assert rules.judge_many(TEXTS) == expected


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(), max_size=200), max_size=6))
def test_any_unicode_is_judged_and_its_place_does_not_matter(texts: list[str]) -> None:
    verdicts = WebRules().judge_many(texts)
    assert len(verdicts) == len(texts)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    assert WebRules().judge_many([texts[place] for place in order]) == [verdicts[place] for place in order]


def test_lone_surrogates_are_judged() -> None:
    assert WebRules().judge_many(["\ud800 \udfff."])[0].gopher_quality == "gopher_short_doc"


def test_numpy_is_loaded_by_those_who_judge_alone() -> None:
    script = "import sys; import backend.datasets.quality.web_rules.judging; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
