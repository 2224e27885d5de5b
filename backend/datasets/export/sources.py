"""Where the records of an export come from, gathered while they pass by: sources, licences, the documents' versions."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from backend.datasets.export.base import Row
from backend.datasets.records.schema import METADATA_COLUMN

NOT_STATED = ""


class SourceLedger:
    """Counts records by source and licence, and identifies the versions of all documents by one hash.

    Records of a document come one after the other and no document stands in two splits, so nothing of it is kept.
    """

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str]] = Counter()
        self._snapshot = hashlib.sha256()
        self._documents = 0
        self._last: tuple[str, int] | None = None

    def add(self, row: Row) -> None:
        """Take the next record; it must have its metadata, if it ever had."""
        licence = row.get(METADATA_COLUMN, {}).get("licence", NOT_STATED)
        self._records[row["source"], licence] += 1
        document = (row["document_id"], row["document_version"])
        if document != self._last:
            self._last = document
            self._documents += 1
            self._snapshot.update(f"{document[0]}\n{document[1]}\n".encode())

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """(source, licence) -> records, in alphabetical order."""
        return dict(sorted(self._records.items()))

    @property
    def licences(self) -> list[str]:
        """Every licence that is stated, in alphabetical order."""
        return sorted({licence for _, licence in self._records} - {NOT_STATED})

    def as_json(self) -> dict[str, Any]:
        """For the manifest: the snapshot is a hash over id and version of every document, in stored order."""
        return {
            "documents": self._documents,
            "snapshot_sha256": self._snapshot.hexdigest(),
            "records": [
                {"source": source, "licence": licence, "records": count}
                for (source, licence), count in self.counts.items()
            ],
        }
