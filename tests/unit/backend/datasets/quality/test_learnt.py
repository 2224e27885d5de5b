"""A learnt filter is there if its model is, and names the model that it judges by."""

from pathlib import Path

import pytest

from backend.datasets.language.fluency.file import UnusableFluencyModel, save_model
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.learnt import fluency_filter_of
from tests.support.language_corpus import documents


def test_without_a_model_there_is_no_filter(tmp_path: Path) -> None:
    assert fluency_filter_of(tmp_path / "fluency.model", "de") is None


def test_the_filter_has_the_limits_and_the_digest_of_the_model(tmp_path: Path) -> None:
    model = train(documents(400))
    digest = save_model(model, tmp_path / "fluency.model")
    found = fluency_filter_of(tmp_path / "fluency.model", "de")

    assert found is not None
    assert found.way.endswith(digest[:16])
    assert [limit.signal for limit in found.limits] == [limit.signal for limit in model.limits]


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fluency.model").write_bytes(b"no model")

    with pytest.raises(UnusableFluencyModel):
        fluency_filter_of(tmp_path / "fluency.model", "de")
