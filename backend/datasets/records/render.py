"""A passage as a record: text, chat, or prompt with completion, with everything needed to find its source again."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.instructions import Instructions
from backend.datasets.records.passages import Passage
from shared.models.dataset import RecordFormat, RecordProvenance, Split


def bodies_of(passage: Passage) -> list[str]:
    """The normalised text of each section of a passage, without headings."""
    if passage.parts > 1:
        return [normalise(passage.text)]
    return [each.text for each in passage.candidates]


def joined(bodies: Sequence[str]) -> str:
    """What quality is measured on and duplicates are found by."""
    return "\n\n".join(bodies)


def record_id_of(passage: Passage) -> str:
    """An id that sorts records by document and place, and is the same on every installation."""
    return f"{passage.first.document_key}-{passage.first.section.ordinal:06d}-{passage.part:04d}"


def record_of(
    passage: Passage,
    *,
    bodies: Sequence[str],
    record_format: RecordFormat,
    split: Split,
    quality_score: float,
    quality_profile: str,
    instructions: Instructions,
) -> dict[str, Any]:
    """The finished record, keys in the order of `schema.columns`."""
    record_id = record_id_of(passage)
    stored = passage.first.stored
    return {
        "record_id": record_id,
        **_content(passage, bodies, record_format, instructions, record_id),
        "metadata": _metadata(passage, record_format, split, quality_profile),
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


def _content(
    passage: Passage, bodies: Sequence[str], record_format: RecordFormat, instructions: Instructions, record_id: str
) -> dict[str, Any]:
    if record_format is RecordFormat.TEXT:
        return {"text": f"{_title(passage)}\n{_with_headings(passage, bodies)}"}
    question = instructions.question(passage, record_id)
    answer = bodies[0] if len(bodies) == 1 else _with_headings(passage, bodies)
    if record_format is RecordFormat.PROMPT_COMPLETION:
        return {"prompt": question, "completion": answer}
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def _title(passage: Passage) -> str:
    stored = passage.first.stored
    title = normalise(stored.document_title)
    is_named = stored.abbreviation and stored.abbreviation not in title
    return f"{title} ({stored.abbreviation})" if is_named else title


def _with_headings(passage: Passage, bodies: Sequence[str]) -> str:
    return "\n\n".join(
        _headed(each.section.number, each.section.heading, body)
        for each, body in zip(passage.candidates, bodies, strict=True)
    )


def _headed(number: str, heading: str, body: str) -> str:
    line = normalise(f"{number} {heading}")
    return f"{line}\n\n{body}" if line else body


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
