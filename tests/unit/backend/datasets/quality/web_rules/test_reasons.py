"""The first rule that a text breaks names the reason."""

import numpy as np

from backend.datasets.quality.web_rules.reasons import first_reasons


def test_the_first_reason_counts_and_later_ones_do_not_replace_it() -> None:
    rules = [("one", np.array([True, False, False])), ("two", np.array([True, True, False]))]
    assert first_reasons(3, rules) == ["one", "two", None]


def test_there_may_be_no_texts() -> None:
    assert first_reasons(0, [("one", np.array([], bool))]) == []
