import pytest

from backend.datasets.language.fluency.training import CorpusTooSmall, train
from tests.support.language_corpus import documents


def test_what_was_held_out_is_learnt_in_the_end() -> None:
    corpus = [*documents(400), *((f"rare-{number}", "Quittenmus " * 30) for number in range(40))]
    model = train(corpus)
    assert "quittenmus" in model.arrays.words
    assert model.trained_words == sum(len(text.replace("§ ", "").split()) for _, text in corpus)


def test_each_signal_has_a_limit_beyond_what_is_usual() -> None:
    model = train(documents(400))
    signals = model.signals_of([text for _, text in documents(50, seed=9)])
    assert {limit.signal for limit in model.limits} == set(signals._fields) - {"words"}
    for limit in model.limits:
        is_beyond = limit.hard <= limit.soft if limit.is_minimum else limit.hard >= limit.soft
        assert is_beyond
        assert not any(map(limit.rejects, sorted(getattr(signals, limit.signal))[5:-5]))


def test_too_few_texts_are_refused_with_what_is_needed() -> None:
    with pytest.raises(CorpusTooSmall, match="needs 200 texts of 20 words or more") as caught:
        train(documents(20))
    assert caught.value.context["needed"] == 200
