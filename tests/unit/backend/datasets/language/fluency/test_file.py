import json
from pathlib import Path

import pytest

from backend.datasets.language.fluency.file import UnusableFluencyModel, load_model, save_model, terms_of
from backend.datasets.language.fluency.model import FluencyModel
from backend.datasets.language.fluency.training import train
from tests.support.language_corpus import documents


@pytest.fixture(scope="module")
def model() -> FluencyModel:
    return train(documents(400))


def test_a_model_judges_the_same_after_reading(model: FluencyModel, tmp_path: Path) -> None:
    texts = [text for _, text in documents(10, seed=4)]
    save_model(model, tmp_path / "model")
    read = load_model(tmp_path / "model")
    assert read.limits == model.limits
    assert read.trained_words == model.trained_words
    for before, after in zip(model.signals_of(texts), read.signals_of(texts), strict=True):
        assert before.tolist() == after.tolist()


def test_the_same_corpus_in_another_order_gives_the_same_bytes(model: FluencyModel, tmp_path: Path) -> None:
    other = train(reversed(list(documents(400))))
    assert save_model(model, tmp_path / "one") == save_model(other, tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_the_manifest_says_what_the_model_is(model: FluencyModel, tmp_path: Path) -> None:
    digest = save_model(model, tmp_path / "model")
    raw = (tmp_path / "model").read_bytes()
    manifest = json.loads(raw[16 : 16 + int.from_bytes(raw[8:16], "little")])
    assert manifest["version"] == 1
    assert manifest["sha256"] == digest
    assert manifest["known_words"] == len(model.arrays.words)
    assert {limit["signal"] for limit in manifest["limits"]} == {limit.signal for limit in model.limits}


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_file_says_the_language_of_its_corpus(tmp_path: Path, language: str) -> None:
    save_model(train(documents(400), language), tmp_path / "model")
    assert terms_of(tmp_path / "model").language == load_model(tmp_path / "model").language == language


def test_a_file_of_an_older_release_is_of_german(model: FluencyModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model")
    raw = (tmp_path / "model").read_bytes()
    assert b'"language":"de"' in raw
    # a name that nobody reads, of the same length
    (tmp_path / "model").write_bytes(raw.replace(b'"language":"de"', b'"lanquage":"xx"'))
    assert terms_of(tmp_path / "model").language == load_model(tmp_path / "model").language == "de"


def test_nothing_is_left_beside_a_saved_model(model: FluencyModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model")
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda raw: b"", "does not begin"),
        (lambda raw: b"PK" + raw[2:], "does not begin"),
        (lambda raw: raw[:-100], "cut short"),
        (lambda raw: raw[:-100] + bytes(each ^ 1 for each in raw[-100:]), "does not match its digest"),
        (lambda raw: raw.replace(b'"version":1', b'"version":2'), "has version 2"),
        (lambda raw: raw[:8] + b"\xff" * 8 + raw[16:], "manifest is too long"),
        (lambda raw: raw.replace(b'"pieces"', b'"pleces"'), "no model"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_a_reason(
    model: FluencyModel, tmp_path: Path, damage: object, reason: str
) -> None:
    save_model(model, tmp_path / "model")
    (tmp_path / "model").write_bytes(damage((tmp_path / "model").read_bytes()))  # type: ignore[operator]
    with pytest.raises(UnusableFluencyModel, match=reason):
        load_model(tmp_path / "model")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFluencyModel, match="Train it anew"):
        load_model(tmp_path / "none")
