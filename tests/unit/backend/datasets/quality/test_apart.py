"""A pipeline in another process says what it would say in this one."""

import sys
from collections.abc import Iterator

import pytest

from backend.datasets.quality.apart import JudgingFailed, PipelineApart
from backend.datasets.quality.pipeline import QualityPipeline
from tests.support.legal_texts import GOOD, section_text

TEXTS = [
    GOOD,
    "(weggefallen)",
    "The competent authority shall decide within two weeks whether the application is granted or not.",
    "half a pair \ud800 and a line\u2028break",
    *(section_text(number, number % 6) for number in range(700)),
    GOOD * 600,
    "",
]


@pytest.fixture(scope="module")
def apart() -> Iterator[PipelineApart]:
    here = QualityPipeline()
    pipeline = PipelineApart("legal-de", None, profile_version=here.profile_version, language=here.language)
    yield pipeline
    pipeline.close()


def test_it_judges_every_text_as_this_process_does_in_order(apart: PipelineApart) -> None:
    asked = list(enumerate(TEXTS))
    there = list(apart.assess_each(asked, text_of=lambda each: each[1]))

    assert [item for item, _, _ in there] == asked
    assert [judged for _, _, judged in there] == QualityPipeline().assess_many(TEXTS)
    assert there[2][2].language == "en"


def test_it_can_be_asked_again_and_again(apart: PipelineApart) -> None:
    assert apart.assess_many([]) == []
    assert apart.assess_many([GOOD]) == apart.assess_many([GOOD])


def test_another_profile_than_expected_is_refused() -> None:
    with pytest.raises(JudgingFailed, match="instead of"):
        PipelineApart("general-de", None, profile_version="legal-de-0", language="de")


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(JudgingFailed, match="nowhere"):
        PipelineApart("nowhere", None, profile_version="nowhere-1", language="de")


def test_a_process_that_ends_is_no_answer() -> None:
    with pytest.raises(JudgingFailed, match="ended with exit code 3"):
        PipelineApart(
            "legal-de",
            None,
            profile_version="x",
            language="de",
            command=(sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(3)"),
        )
