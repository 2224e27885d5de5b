"""A passage and the words made of it as a record, with everything needed to find its source again."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafts import Draft, content_of
from backend.datasets.records.passages import Passage
from backend.datasets.tokens import TokenCounter, training_text
from shared.models.dataset import RecordFormat, RecordProvenance, Split


def bodies_of(passage: Passage) -> list[str]:
    """The normalised text of each section of a passage, without headings."""
    if passage.parts > 1:
        return [normalise(passage.text)]
    return [each.text for each in passage.candidates]


def joined(bodies: Sequence[str]) -> str:
    """What quality is measured on and duplicates are found by."""
    return "\n\n".join(bodies)


def record_id_of(passage: Passage, draft: Draft | None = None) -> str:
    """An id that sorts records by document and place, and is the same on every installation."""
    place = f"{passage.first.document_key}-{passage.first.section.ordinal:06d}-{passage.part:04d}"
    if draft is None or not draft.question:
        return place
    number = f"-{draft.number:04d}" if draft.number else ""
    return f"{place}-{draft.template}{number}"


def running_text(passage: Passage, bodies: Sequence[str]) -> Draft:
    """A passage under the title of its document and its own headings."""
    return Draft(f"{title_of(passage)}\n{with_headings(passage, bodies)}")


def record_of(
    passage: Passage,
    draft: Draft,
    *,
    record_format: RecordFormat,
    split: Split,
    quality_score: float,
    quality_profile: str,
    counter: TokenCounter,
    licence: str = "",
) -> dict[str, Any]:
    """The finished record, keys in the order of `schema.columns`.

    Args:
        passage: What it was made of.
        draft: Its words.
        record_format: Its shape.
        split: Where it stands.
        quality_score: Of the passage.
        quality_profile: Which quality that is.
        counter: Counts its tokens.
        licence: Why the words may be used, where their source says so.
    """
    stored = passage.first.stored
    content = content_of(draft, record_format)
    return {
        "record_id": record_id_of(passage, draft),
        **content,
        "metadata": {
            **_metadata(passage, record_format, split, quality_profile),
            "legal_basis": reference_of(passage),
            "licence": licence,
            "template": draft.template,
            "template_version": draft.template_version,
            "origin": draft.origin.value,
            "model": draft.model,
            "prompt_version": draft.prompt_version,
            "tokens": counter.count(training_text(content)),
            "tokenizer": counter.name,
        },
        "source": stored.source,
        "quality_score": float(quality_score),
        "relevance_score": round(float(max(each.relevance for each in passage.candidates)), 6),
        "document_id": stored.document_id,
        "document_version": stored.version,
        "section_id": stored.section_id,
    }


def provenance_of(passage: Passage, record: Mapping[str, Any], split: Split) -> RecordProvenance:
    """Which piece of which document version the record was made of."""
    return RecordProvenance(
        record_id=record["record_id"],
        document_id=record["document_id"],
        document_version=record["document_version"],
        section_id=record["section_id"],
        split=split,
        quality_score=record["quality_score"],
        start=passage.start,
        end=passage.end,
    )


def law_of(passage: Passage) -> str:
    """What the document of a passage is called in a citation."""
    stored = passage.first.stored
    return stored.abbreviation or normalise(stored.document_title)


def numbers_of(passage: Passage) -> str:
    """Number of the section, or the first and the last one ("§ 1 bis § 2"); empty where there is none."""
    first, last = passage.first.section.number, passage.candidates[-1].section.number
    return f"{first} bis {last}" if first and last and first != last else first


def reference_of(passage: Passage) -> str:
    """How a passage is cited: "§ 35 VwVfG"; the document's name where its section has no number."""
    return f"{numbers_of(passage)} {law_of(passage)}".strip()


def title_of(passage: Passage) -> str:
    """The line above the running text of a passage: title and abbreviation of its document."""
    stored = passage.first.stored
    title = " ".join(normalise(stored.document_title).split())
    is_named = stored.abbreviation and stored.abbreviation not in title
    return f"{title} ({stored.abbreviation})" if is_named else title


def with_headings(passage: Passage, bodies: Sequence[str]) -> str:
    """Bodies of the sections of a passage, each under its own number and heading."""
    return "\n\n".join(
        f"{line}\n\n{body}" if (line := heading_of(each)) else body
        for each, body in zip(passage.candidates, bodies, strict=True)
    )


def heading_of(candidate: Candidate) -> str:
    """Number and heading of a section, normalised; empty where it has neither."""
    return normalise(f"{candidate.section.number} {candidate.section.heading}")


def _metadata(passage: Passage, record_format: RecordFormat, split: Split, quality_profile: str) -> dict[str, Any]:
    stored, section = passage.first.stored, passage.first.section
    return {
        "title": stored.document_title,
        "abbreviation": stored.abbreviation,
        "section_number": section.number,
        "heading": section.heading,
        # never empty, so that every reader sees a list of texts
        "heading_path": list(section.heading_path) or [stored.document_title],
        "path": stored.path,
        "valid_from": _day(section.valid_from),
        "valid_to": _day(section.valid_to),
        "format": record_format.value,
        "split": split.value,
        "part": passage.part,
        "parts": passage.parts,
        "sections": len(passage.candidates),
        "start": passage.start,
        "end": passage.end,
        "quality_profile": quality_profile,
    }


def _day(day: date | None) -> str:
    # ISO 8601 basic format: Arrow's JSON reader would turn a column of 1976-05-25 into timestamps
    return day.strftime("%Y%m%d") if day else ""
