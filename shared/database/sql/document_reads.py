"""Queries over documents that several readers begin with."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, select

from shared.database.tables import document_versions, documents, sections

T = TypeVar("T")


def newest_versions() -> Select[Any]:
    """Documents with the columns of their newest version."""
    versions = [column for column in document_versions.c if column.name not in {"document_id", "version"}]
    return select(documents, *versions).join(
        document_versions,
        (document_versions.c.document_id == documents.c.document_id)
        & (document_versions.c.version == documents.c.version),
    )


def section_rows() -> Select[Any]:
    """Sections with what they need to know of their document version."""
    version = document_versions.c
    return (
        select(sections, documents.c.source, documents.c.path, version.title, version.abbreviation)
        .join(documents, documents.c.document_id == sections.c.document_id)
        .join(
            document_versions,
            (version.document_id == sections.c.document_id) & (version.version == sections.c.version),
        )
    )


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """The items, `size` at a time."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
