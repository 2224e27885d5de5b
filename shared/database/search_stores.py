"""The search stores of an installation; each service and each worker opens the same ones."""

from pathlib import Path

from shared.database.base import DocumentStore
from shared.database.uds3_client import Uds3Client

EMBEDDED_FILE = "search.db"


def open_search(documents: DocumentStore, *, home: Path) -> Uds3Client:
    """The client over every search store that is configured; nothing is connected or made yet.

    Args:
        documents: The truth.
        home: Folder of CLARA's state; the embedded store lies there.
    """
    from shared.database.adapters.embedded import EmbeddedSearchStore

    return Uds3Client(documents, [EmbeddedSearchStore(home / EMBEDDED_FILE)])
