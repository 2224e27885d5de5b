"""What the index holds, told without numpy while it holds no section."""

import sqlite3
from collections.abc import Iterator

from shared.database.search_store import HeldDocument


def held(connection: sqlite3.Connection) -> Iterator[HeldDocument]:
    """Everything that is held, in order of ids; sections are counted from the rows that can be found."""
    counts: dict[str, int] = {}
    for (number,) in connection.execute("SELECT segment FROM segments").fetchall():
        from shared.database.inverted_index.segments import living

        for document_id, count in living(connection, number):
            counts[document_id] = counts.get(document_id, 0) + count
    rows = connection.execute("SELECT document_id, version, sha256, is_erased FROM documents ORDER BY document_id")
    for document_id, version, sha256, is_erased in rows:
        yield HeldDocument(document_id, version, sha256, counts.get(document_id, 0), is_erased=bool(is_erased))
