"""Registered documents in buckets: what is measured, and measured again, together.

A document's bucket follows from its id, so a new or changed document makes one bucket stale and leaves the others.
There are as many buckets, a power of two, as give each some hundred sections; the number changes, and all are measured
anew, only when the documents have become four times as many or a fourth.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from shared.database.search_store import HeldDocument

_SECTIONS = 512
_MOST = 1 << 16


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents that are measured together.

    Args:
        number: 0, 1, 2 …
        state: Digest of ids, versions and hashes of its documents, 16 hex digits.
        document_ids: In order.
        sections: Of all of them.
    """

    number: int
    state: str
    document_ids: tuple[str, ...]
    sections: int


def bucket_count(sections: int, *, present: int | None = None) -> int:
    """How many buckets so many sections make.

    Args:
        sections: Of all documents.
        present: How many there are; kept as long as they fit.
    """
    wanted = 1
    while wanted < _MOST and wanted * _SECTIONS < sections:
        wanted *= 2
    fits = present is not None and wanted // 4 < present < wanted * 4
    return present if fits and present is not None else wanted


def buckets_of(held: Iterable[HeldDocument], count: int) -> list[Bucket]:
    """The buckets that have documents, in order; erased documents are in none.

    Args:
        held: Ordered by document id.
        count: Of the buckets.
    """
    members: dict[int, list[HeldDocument]] = {}
    for document in held:
        if not document.is_erased:
            members.setdefault(bucket_of(document.document_id, count), []).append(document)
    return [_bucket(number, members[number]) for number in sorted(members)]


def state_of(buckets: Iterable[Bucket]) -> str:
    """Digest of all documents, 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for bucket in buckets:
        digest.update(f"{bucket.number}\0{bucket.state}\n".encode())
    return digest.hexdigest()


def _bucket(number: int, documents: list[HeldDocument]) -> Bucket:
    digest = hashlib.blake2b(digest_size=8)
    for each in documents:
        digest.update(f"{each.document_id}\0{each.version}\0{each.sha256}\n".encode())
    sections = sum(each.section_count for each in documents)
    return Bucket(number, digest.hexdigest(), tuple(each.document_id for each in documents), sections)


def bucket_of(document_id: str, count: int) -> int:
    """Number of a document's bucket, of so many."""
    digest = hashlib.blake2b(document_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count
