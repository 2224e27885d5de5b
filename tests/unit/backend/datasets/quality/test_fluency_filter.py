"""Signals of a learnt model, and the texts of which it says nothing."""

import pytest

from backend.datasets.language.fluency.training import train
from backend.datasets.quality.fluency_filter import FluencyFilter
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.profile import built_in
from tests.support.language_corpus import documents
from tests.support.legal_texts import GOOD
from tests.support.references import REFERENCES


@pytest.fixture(scope="module")
def pipeline() -> QualityPipeline:
    """`legal-de` with a model of prose that cites nothing."""
    model = train(documents(400))
    return QualityPipeline(built_in("legal-de"), fluency=FluencyFilter(lambda: model, "made-up", model.limits))


def test_unknown_words_are_found_in_prose(pipeline: QualityPipeline) -> None:
    found = pipeline.assess(normalise(GOOD))

    assert found.signals["out_of_vocabulary"] > 0.3


@pytest.mark.parametrize("name", REFERENCES)
def test_references_are_not_compared_with_the_accepted_corpus(pipeline: QualityPipeline, name: str) -> None:
    found = pipeline.assess(normalise(REFERENCES[name]))

    assert found.decision is Decision.KEEP
    assert not found.signals.keys() & set(FluencyFilter.signals)
