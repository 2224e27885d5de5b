"""Reading profiles, and what they say."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import InvalidProfile, built_in, built_in_names, profile_of

OURS = """
name: our-permits
version: 3
description: Permits have tables of fees.
extends: legal-de
review_below: 0.5
limits:
  - {signal: digit_share, at_most: {soft: 0.2, hard: 0.4}, reason: many_digits, weight: 2}
without: [top_2_gram]
"""


def written(folder: Path, text: str) -> str:
    file = folder / "ours.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("name", built_in_names())
def test_built_in_profiles_can_be_used(name: str) -> None:
    assert QualityPipeline(profile_of(name)).profile_version.startswith(f"{name}-{profile_of(name).version}+")


def test_there_are_four_profiles_without_a_file() -> None:
    assert built_in_names() == ["datatrove-compat", "general-de", "general-en", "legal-de"]


def test_a_profile_of_ones_own_says_only_what_is_different(tmp_path: Path) -> None:
    ours, base = profile_of(written(tmp_path, OURS)), built_in("legal-de")
    of_digits = [limit for limit in ours.limits if limit.signal == "digit_share"]

    assert (ours.name, ours.version, ours.language, ours.review_below) == ("our-permits", 3, "de", 0.5)
    assert [(limit.soft, limit.hard, limit.weight, limit.min_words) for limit in of_digits] == [(0.2, 0.4, 2.0, 0)]
    assert {limit.signal for limit in base.limits} - {limit.signal for limit in ours.limits} == {"top_2_gram"}
    assert len(ours.limits) == len(base.limits) - 1


def test_the_key_changes_with_everything_that_decides_and_with_nothing_else() -> None:
    base = built_in("legal-de")
    others = [
        replace(base, version=base.version + 1),
        replace(base, language="en"),
        replace(base, review_below=0.6),
        replace(base, limits=base.limits[1:]),
        replace(base, limits=[replace(base.limits[0], weight=0.5), *base.limits[1:]]),
    ]

    assert len({base.key, *(other.key for other in others)}) == 6
    assert replace(base, description="another").key == base.key


def test_whether_what_was_learnt_judges_is_inherited_and_can_be_said(tmp_path: Path) -> None:
    web = OURS.replace("legal-de", "datatrove-compat").replace("without: [top_2_gram]", "")
    heeds = {
        text: profile_of(written(tmp_path, text)).heeds_learnt
        for text in (OURS, f"{OURS}learnt: ignored", web, f"{web}learnt: judges")
    }

    assert list(heeds.values()) == [True, False, False, True]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: x", "version: Field required"),
        ("name: [", "line 1"),
        ("name: a\nname: b", "'name' stands twice"),
        (OURS.replace("soft: 0.2", "soft: 0.5"), "soft must not be above hard"),
        (OURS.replace("at_most: {soft: 0.2, hard: 0.4}", "at_least: {soft: 0.2, hard: 0.4}"), "must not be below hard"),
        (OURS.replace("at_most: {soft: 0.2, hard: 0.4}, ", ""), "either at_least or at_most"),
        (OURS.replace("hard: 0.4", "hard: .inf"), "finite"),
        (OURS.replace("[top_2_gram]", "[top_9_gram]"), "without names top_9_gram"),
        (
            OURS.replace("legal-de", "legal-fr"),
            "built-in profiles can be extended: datatrove-compat, general-de, general-en",
        ),
        (OURS.replace("weight: 2", "wieght: 2"), "Extra inputs"),
        (OURS.replace("weight: 2", "min_words: 50, max_words: 20"), "max_words 20 is below min_words 50"),
        (OURS.replace("version: 3", "version: true"), "version: Input should be a valid integer"),
        (OURS.replace("soft: 0.2", "soft: true"), "soft: Input should be a valid number"),
        (OURS.replace("soft: 0.2", "soft: '0.2'"), "soft: Input should be a valid number"),
        (OURS.replace("weight: 2", "weight: yes"), "weight: Input should be a valid number"),
        (OURS.replace("weight: 2", "spares_tables: 1"), "spares_tables: Input should be a valid boolean"),
        (OURS.replace("review_below: 0.5", "review_below: true"), "review_below: Input should be a valid number"),
        (
            OURS.replace("legal-de", "./ours.yaml"),
            "only built-in profiles can be extended: datatrove-compat, general-de",
        ),
        (OURS.replace("legal-de", "./ours.yaml"), "profile 'our-permits' cannot be used"),
        ("", "it is empty"),
        ("- name: x", "of the form 'name: value'"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidProfile, match=reason):
        profile_of(written(tmp_path, text))


def test_a_missing_file_and_an_unknown_name_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="No such file"):
        profile_of(str(tmp_path / "missing.yaml"))
    with pytest.raises(InvalidProfile, match=r"a file of yours ends in \.yaml"):
        profile_of("missing")
