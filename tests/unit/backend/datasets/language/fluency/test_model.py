import random

import numpy as np
import pytest

from backend.datasets.language.fluency.counting import WordCounts
from backend.datasets.language.fluency.limits import rejected
from backend.datasets.language.fluency.model import MIN_WORDS, FluencyModel
from backend.datasets.language.fluency.training import train
from tests.support.language_corpus import documents, section
from tests.support.noisy_texts import misread, shuffled


@pytest.fixture(scope="module")
def model() -> FluencyModel:
    return train(documents(600))


@pytest.fixture(scope="module")
def unseen() -> list[str]:
    rng = random.Random(7)
    return [section(rng) for _ in range(200)]


def test_unseen_texts_of_the_kind_are_accepted(model: FluencyModel, unseen: list[str]) -> None:
    assert rejected(model.signals_of(unseen), model.limits).mean() <= 0.02


def test_misread_letters_are_rejected(model: FluencyModel, unseen: list[str]) -> None:
    rng = random.Random(3)
    signals = model.signals_of([misread(text, 0.05, rng) for text in unseen])
    # a few hundred texts were held out: limits are wide and catch less than those of a large corpus
    assert rejected(signals, model.limits).mean() >= 0.9
    assert np.median(signals.damaged_words) > 0.1


def test_shuffled_words_are_rejected_by_their_order_alone(model: FluencyModel, unseen: list[str]) -> None:
    rng = random.Random(3)
    signals = model.signals_of([shuffled(text, rng) for text in unseen])
    assert rejected(signals, model.limits).mean() >= 0.95
    assert (signals.out_of_vocabulary == model.signals_of(unseen).out_of_vocabulary).all()


def test_short_texts_have_no_signals(model: FluencyModel) -> None:
    signals = model.signals_of(["Die Gemeinde erhebt eine Gebühr.", ""])
    assert signals.words.tolist() == [5, 0]
    assert all(np.isnan(column).all() for column in signals[1:])
    assert not rejected(signals, model.limits).any()


def test_a_text_of_just_enough_words_has_signals(model: FluencyModel) -> None:
    words = " ".join(["die"] * MIN_WORDS)
    assert not np.isnan(model.signals_of([words]).bits_per_word).any()
    assert np.isnan(model.signals_of([words[4:]]).bits_per_word).all()


def test_numbers_are_neither_known_nor_unknown(model: FluencyModel) -> None:
    signals = model.signals_of([" ".join(str(number) for number in range(30))])
    assert np.isnan(signals.out_of_vocabulary[0])
    assert np.isnan(signals.order_gain[0])


def test_few_words_beside_the_figures_of_a_table_are_not_damaged(model: FluencyModel) -> None:
    damaged = "gebürh"
    figures = " ".join(f"* {number},50" for number in range(60))
    prose = model.signals_of([f"{damaged} die Gemeinde erhebt eine Gebühr {'und die Behörde entscheidet ' * 5}"])
    table = model.signals_of([f"* {damaged} * Gemeinde {figures}"])

    assert prose.damaged_words[0] > 0
    assert np.isnan(table.damaged_words[0])


def test_no_texts_have_no_signals(model: FluencyModel) -> None:
    assert all(len(column) == 0 for column in model.signals_of([]))


def test_signals_do_not_depend_on_the_texts_beside(model: FluencyModel, unseen: list[str]) -> None:
    together = model.signals_of(unseen[:20])
    alone = [model.signals_of([text]) for text in unseen[:20]]
    for name, column in together._asdict().items():
        assert column.tolist() == pytest.approx([getattr(each, name)[0] for each in alone], nan_ok=True)


def test_bits_per_word_are_those_of_the_formula() -> None:
    counts = WordCounts()
    for _ in range(4):
        counts.add("eins zwei")
    model = FluencyModel.of(counts.counted(min_count=2))
    # 2 different pairs, "START eins" and "eins zwei"; 2 words and 5 other numbers
    alone = (1 + 0.5) / (2 + 7 / 2)
    after = (4 - 0.8) / 4 + 0.8 / 4 * alone
    # "eins" follows START once, and nine times "zwei", after which nothing was seen
    expected = -(11 * np.log2(after) + 9 * np.log2(alone)) / 20
    signals = model.signals_of([" ".join(["eins zwei"] * 10)])
    assert signals.bits_per_word[0] == pytest.approx(expected, abs=2e-3)
