"""A learnt filter is there if its model is, and names the model that it judges by."""

from pathlib import Path

import pytest

from backend.datasets.language.fluency.file import FluencyModelReplaced, UnusableFluencyModel, save_model
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.learnt import CurrentQuality, fluency_filter_of
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in, built_in_names
from tests.support.language_corpus import documents

ENGLISH = [
    "The council charges a fee for the use of its halls and the mayor decides on every appeal within a month. " * 3
]


def test_without_a_model_there_is_no_filter(tmp_path: Path) -> None:
    assert fluency_filter_of(tmp_path / "fluency.model") is None


def test_the_filter_has_the_limits_and_the_digest_of_the_model(tmp_path: Path) -> None:
    model = train(documents(400))
    digest = save_model(model, tmp_path / "fluency.model")
    found = fluency_filter_of(tmp_path / "fluency.model")

    assert found is not None
    assert found.way.endswith(digest[:16])
    assert [limit.signal for limit in found.limits] == [limit.signal for limit in model.limits]


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fluency.model").write_bytes(b"no model")

    with pytest.raises(UnusableFluencyModel):
        fluency_filter_of(tmp_path / "fluency.model")


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
    pipeline = QualityPipeline(fluency=fluency_filter_of(file))
    save_model(train(documents(500)), file)

    with pytest.raises(FluencyModelReplaced, match="Begin again"):
        pipeline.assess("Die Gebühr wird nach der Dauer der Nutzung bemessen.")


@pytest.mark.parametrize("name", ["datatrove-compat", "general-en"])
def test_a_model_of_german_changes_nothing_for_english_profiles(tmp_path: Path, name: str) -> None:
    file = tmp_path / "fluency.model"
    save_model(train(documents(400)), file)
    plain, learnt = QualityPipeline(built_in(name)), CurrentQuality(built_in(name), file)()

    assert (learnt.profile_version, learnt.measuring_version) == (plain.profile_version, plain.measuring_version)
    assert learnt.assess_many(ENGLISH) == plain.assess_many(ENGLISH)


@pytest.mark.parametrize("name", ["general-de", "legal-de"])
def test_a_model_judges_for_every_profile_of_its_language(tmp_path: Path, name: str) -> None:
    file = tmp_path / "fluency.model"
    digest = save_model(train(documents(400)), file)

    assert digest[:16] in CurrentQuality(built_in(name), file)().measuring_version


def test_a_model_of_english_judges_english_alone_and_never_for_whom_nothing_learnt_judges(tmp_path: Path) -> None:
    file = tmp_path / "fluency.model"
    digest = save_model(train(documents(400), "en"), file)[:16]
    judges = {name: digest in CurrentQuality(built_in(name), file)().measuring_version for name in built_in_names()}

    assert judges == {"datatrove-compat": False, "general-de": False, "general-en": True, "legal-de": False}
