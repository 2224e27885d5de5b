"""What is measured on whole batches of real sections is what the plain definitions say of each."""

import math
import tarfile
from itertools import islice
from pathlib import Path

import pytest

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
from tests.support.plain_quality import plain_judgement, plain_signals
from tests.support.shared_data import SHARED_DATA, needs_shared_data

ARCHIVE = SHARED_DATA / "gesetze.tar.xz"

pytestmark = needs_shared_data(ARCHIVE.name)


@pytest.fixture(scope="module")
def sections() -> list[str]:
    """Normalised sections of a hundred laws."""
    texts: list[str] = []
    with tarfile.open(ARCHIVE) as archive:
        members = (member for member in archive if member.isfile() and member.name.endswith(".md"))
        for member in islice(members, 100):
            content = archive.extractfile(member)
            assert content is not None
            for document in MarkdownReader().read(content, ReadContext(Path(member.name).name)):
                texts += [normalise(section.text) for section in document.sections]
    return texts


@pytest.mark.parametrize("name", ["legal-de", "general-de", "general-en"])
def test_real_sections_are_judged_by_the_plain_definitions(sections: list[str], name: str) -> None:
    profile = built_in(name)
    assert len(sections) > 1_000
    for text, found in zip(sections, QualityPipeline(profile).assess_many(sections), strict=True):
        plain = plain_signals(text, profile.language)
        judged = plain_judgement(profile, plain, int(plain["words"]))

        assert found.signals.keys() == plain.keys()
        assert max(abs(found.signals[signal] - value) for signal, value in plain.items()) <= 1e-9
        assert found.score == round(math.exp(-sum(judged.penalties.values())), 6)
        assert found.reasons == judged.rejections or not judged.rejections
