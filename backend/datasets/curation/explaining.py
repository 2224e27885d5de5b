"""Why quality thinks what it thinks of a document: every section, every signal, every limit."""

from collections.abc import Iterator, Sequence
from typing import Any

from backend.datasets.curation.tally import final_decision
from backend.datasets.quality.limits import Limit
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, QualityPipeline
from backend.datasets.quality.profile import Profile
from shared.database.base import DocumentStore
from shared.database.review_store import ReviewStore
from shared.models.document import Document, StoredSection
from shared.models.review import ReviewState, text_key_of


def explain_document(
    document_id: str, documents: DocumentStore, reviews: ReviewStore, pipeline: QualityPipeline
) -> dict[str, Any]:
    """A document's sections with their decisions, signals and limits; measured now, whatever an earlier run found.

    Raises:
        DocumentNotFound: If there is none of this id.
    """
    document = documents.get(document_id)
    sections = documents.sections(document_id)
    texts = [normalise(each.section.text) for each in sections]
    keys = [text_key_of(text) for text in texts]
    rulings = reviews.rulings(keys)
    judged = zip(sections, keys, pipeline.assess_many(texts), strict=True)
    profile = pipeline.profile
    return {
        "document": _shown(document),
        "profile": profile.key,
        "sections": [_section(each, key, assessment, rulings.get(key), profile) for each, key, assessment in judged],
    }


def _shown(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "title": document.title,
        "source": document.source,
        "path": document.path,
        "version": document.version,
    }


def _section(
    stored: StoredSection, key: str, assessment: Assessment, ruling: ReviewState | None, profile: Profile
) -> dict[str, Any]:
    words = int(assessment.signals["words"])
    return {
        "section_id": stored.section_id,
        "text_key": key,
        "number": stored.section.number,
        "heading": stored.section.heading,
        "words": words,
        "score": assessment.score,
        "decision": final_decision(assessment, ruling).value,
        "profile_decision": assessment.decision.value,
        "ruling": ruling.value if ruling else None,
        "reasons": list(assessment.reasons),
        "signals": {name: round(value, 6) for name, value in assessment.signals.items()},
        "limits": list(_limits(profile.limits, assessment, words)),
    }


def _limits(limits: Sequence[Limit], assessment: Assessment, words: int) -> Iterator[dict[str, Any]]:
    """Every limit that spoke, with what it cost."""
    import numpy as np

    for limit in limits:
        value = assessment.signals.get(limit.signal)
        if value is None or not limit.applies(np.array([words]))[0]:
            continue
        values = np.array([value], dtype=float)
        signals = {name: np.array([each], dtype=float) for name, each in assessment.signals.items()}
        yield {
            "signal": limit.signal,
            "value": round(value, 6),
            "side": "at_least" if limit.is_minimum else "at_most",
            "soft": limit.soft,
            "hard": limit.hard,
            "reason": limit.reason,
            "rejects": bool(limit.rejected(signals)[0]),
            "penalty": round(limit.weight * float(limit.penalties(values)[0]), 6),
        }
