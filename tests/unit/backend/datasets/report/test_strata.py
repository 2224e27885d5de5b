"""Shares of strata: what is wished, what is there, and how much of the difference is chance."""

import math

from backend.datasets.report.strata import split_strata

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_a_stratum_names_its_largest_deviation_and_what_is_usual() -> None:
    counts = [("source", "amt", "train", 70), ("source", "amt", "validation", 10), ("source", "amt", "test", 20)]
    (stratum,) = split_strata(counts, SHARES)["source"].values()

    assert stratum["documents"] == 100
    assert stratum["shares"] == {"train": 0.7, "validation": 0.1, "test": 0.2}
    assert stratum["deviation"] in (0.1, round(0.1, 6))
    assert stratum["standard_error"] in (round(math.sqrt(0.16 / 100), 6), round(math.sqrt(0.09 / 100), 6))


def test_the_largest_strata_come_first() -> None:
    counts = [("year", "1999", "train", 1), ("year", "2001", "train", 5), ("type", "md", "train", 6)]
    told = split_strata(counts, SHARES)

    assert list(told["year"]) == ["2001", "1999"]
    assert told["source"] == {}
