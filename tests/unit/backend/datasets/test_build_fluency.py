"""A build judges by the model of the accepted corpus where there is one."""

from pathlib import Path
from random import Random

from backend.datasets.language.fluency.file import save_model
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.learnt import fluency_filter_of
from tests.support.dataset_builds import a_plan, build
from tests.support.language_corpus import documents
from tests.support.legal_texts import a_candidate


def _found() -> list[str]:
    # a seed of which no text says a sentence twice, which would cost it its score
    return [text for _, text in documents(4, sections=1, seed=8)]


def _without_order(text: str) -> str:
    words = text.split()
    return " ".join(Random(1).sample(words, len(words)))


def test_a_text_of_the_same_words_without_their_order_loses_by_the_model_alone(tmp_path: Path) -> None:
    path = tmp_path / "fluency.model"
    save_model(train(documents(400)), path)
    plan = a_plan(tmp_path / "2", fluency=fluency_filter_of(path))
    fluent = [a_candidate(text, document=f"d{number}", path=f"{number}.md") for number, text in enumerate(_found())]
    garbled = [
        a_candidate(_without_order(text), document=f"g{number}", path=f"g{number}.md")
        for number, text in enumerate(_found())
    ]

    plain = build(a_plan(tmp_path / "1", min_quality_score=0.0), [*fluent, *garbled])
    judged = build(plan, [*fluent, *garbled])

    assert plain.document_count == 8
    assert judged.document_count == 4
    assert judged.statistics["quality_profile"] != plain.statistics["quality_profile"]
