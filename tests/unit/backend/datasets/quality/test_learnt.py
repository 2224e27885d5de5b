"""A learnt filter is there if its model is, and names the model that it judges by."""

from pathlib import Path

import pytest

from backend.datasets.language.fluency.file import FluencyModelReplaced, UnusableFluencyModel, save_model
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.learnt import CurrentQuality, fluency_filter_of
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
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


def test_a_service_judges_with_what_was_learnt_last(tmp_path: Path) -> None:
    file = tmp_path / "fluency.model"
    current = CurrentQuality(built_in("legal-de"), file)
    before = current()
    digests = []
    for texts in (400, 500):
        digests.append(save_model(train(documents(texts)), file)[:16])
        assert current() is not before
        assert digests[-1] in current().measuring_version
    again = current()

    assert current() is again
    assert digests[0] not in again.measuring_version
    assert not any(digest in before.measuring_version for digest in digests)


def test_a_model_is_read_when_a_text_is_measured_and_must_be_the_one_that_was_named(tmp_path: Path) -> None:
    file = tmp_path / "fluency.model"
    save_model(train(documents(400)), file)
    pipeline = QualityPipeline(fluency=fluency_filter_of(file, "de"))
    save_model(train(documents(500)), file)

    with pytest.raises(FluencyModelReplaced, match="Begin again"):
        pipeline.assess("Die Gebühr wird nach der Dauer der Nutzung bemessen.")
