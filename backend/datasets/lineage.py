"""What a version was made of, published beside its records: how two versions differ is read from here.

<attempt>/lineage/version.json     version hash, pipeline version, parameters
                 /documents.tsv    one line per document that took part: key, hash, where it is from
                 /records.tsv      one line per record: id, hash, document and split
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from backend.datasets.records.content import INSTALLATION_COLUMNS
from backend.datasets.sorted_index import Entry, IndexSorter, write_sorted
from backend.datasets.version_hash import PIPELINE_VERSION, version_hash
from shared.models.dataset import RecordProvenance, Split
from shared.storage import stage, write_json

FOLDER = "lineage"
DOCUMENTS = "documents.tsv"
RECORDS = "records.tsv"
VERSION = "version.json"

# relevance belongs to the search and not to the record: another query would "change" every record
_NOT_COMPARED = INSTALLATION_COLUMNS | {"relevance_score"}


@dataclass(frozen=True, slots=True)
class UsedSection:
    """A section that a search found for a build.

    Args:
        document_key: Name of its document on every installation.
        ordinal: Its place there.
        hash: `section_hash`.
        ruling: What a person decided about its text.
    """

    document_key: str
    ordinal: int
    hash: str
    ruling: str | None
    document_id: str
    document_version: int
    source: str
    path: str


class LineageWriter:
    """Gathers what the records of a build are made of while they pass by.

    Args:
        scratch: Folder for temporary files.
    """

    def __init__(self, scratch: Path) -> None:
        self._records = IndexSorter(scratch / "records.sqlite")

    def add(self, record: Mapping[str, Any], provenance: RecordProvenance, *, document_key: str) -> None:
        """Take the next record."""
        content = {name: value for name, value in record.items() if name not in _NOT_COMPARED}
        canonical = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
        detail = {"document": document_key, **asdict(provenance)}
        del detail["record_id"]
        self._records.add(Entry(record["record_id"], hashlib.sha256(canonical.encode()).hexdigest(), detail))

    def publish(self, target: Path, sections: Iterable[UsedSection], parameters: Mapping[str, Any]) -> str:
        """Write the folder; returns the version's hash.

        Args:
            target: Where.
            sections: By document and ordinal.
            parameters: Of the plan.
        """
        with stage(target) as staged:
            digest = hashlib.sha256()
            documents = write_sorted(_hashed(_documents(sections), digest), staged.path / DOCUMENTS)
            records = self._records.write(staged.path / RECORDS)
            version_sha256 = version_hash(parameters, digest.hexdigest())
            write_json(
                staged.path / VERSION,
                {
                    "version_sha256": version_sha256,
                    "pipeline_version": PIPELINE_VERSION,
                    "parameters": dict(parameters),
                    "documents": documents,
                    "records": records,
                },
            )
            staged.publish({"version_sha256": version_sha256})
        return version_sha256

    def close(self) -> None:
        """Release the scratch file."""
        self._records.close()


def stored_provenance(lineage: Path) -> Iterator[RecordProvenance]:
    """What the records of a published version were made of, by record id."""
    with (lineage / RECORDS).open(encoding="ascii") as stream:
        for line in stream:
            name, _, detail = line.split("\t", 2)
            fields = json.loads(detail)
            del fields["document"]
            yield RecordProvenance(record_id=name, **{**fields, "split": Split(fields["split"])})


def _documents(sections: Iterable[UsedSection]) -> Iterator[Entry]:
    """One entry per document: its hash covers every section of it that took part, and what people decided of it."""
    for key, group in groupby(sections, lambda each: each.document_key):
        first = next(group)
        digest, count = hashlib.sha256(), 0
        for section in chain([first], group):
            digest.update(f"{section.ordinal}:{section.hash}:{section.ruling or ''}\n".encode())
            count += 1
        detail = {
            "document_id": first.document_id,
            "document_version": first.document_version,
            "source": first.source,
            "path": first.path,
            "sections": count,
        }
        yield Entry(key, digest.hexdigest(), detail)


def _hashed(entries: Iterable[Entry], digest: "hashlib._Hash") -> Iterator[Entry]:
    for entry in entries:
        digest.update(f"{entry.id}:{entry.hash}\n".encode())
        yield entry
