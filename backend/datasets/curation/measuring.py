"""What is measured of a bucket of documents: all that depends on their texts, and nothing that a person sets."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.pii.scanner import Scanner
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from shared.database.base import DocumentStore
from shared.models.document import StoredSection
from shared.models.review import text_key_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORMAT = 3
_SURE = 0.6  # as in the default policy for personal data


class Measurer:
    """Reads a bucket's sections and measures them.

    Args:
        documents: Where they are read.
        pipeline: Measures.
    """

    def __init__(self, documents: DocumentStore, pipeline: QualityPipeline) -> None:
        self._documents = documents
        self._pipeline = pipeline
        self._scanner = Scanner()

    def measured(self, bucket: Bucket) -> MeasuredSections:
        """What is measured of a bucket. Documents that are gone meanwhile are left out.

        Raises:
            Unavailable: If documents cannot be read.
        """
        sections = list(self._sections(bucket))
        texts = [normalise(each.section.text) for each in sections]
        signals = self._pipeline.measure(texts)
        return MeasuredSections(
            section_ids=[each.section_id for each in sections],
            document_ids=[each.document_id for each in sections],
            text_keys=[text_key_of(text) for text in texts],
            words=signals.words,
            characters=_lengths(texts),
            signals=signals.values,
            personal_data=[self._personal_data(text) for text in texts],
        )

    def _personal_data(self, text: str) -> dict[str, int]:
        return dict(Counter(each.kind for each in self._scanner.scan(text) if each.confidence >= _SURE))

    def _sections(self, bucket: Bucket) -> Iterator[StoredSection]:
        for state in self._documents.states(bucket.document_ids):
            yield from state.sections


def measuring_key(pipeline: QualityPipeline) -> str:
    """Names one way of measuring: figures of two keys are never mixed."""
    return hashlib.blake2b(f"{_FORMAT} {pipeline.measuring_version}".encode(), digest_size=6).hexdigest()


def _lengths(texts: list[str]) -> "NDArray[np.int64]":
    import numpy as np

    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
