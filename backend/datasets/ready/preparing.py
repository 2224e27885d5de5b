"""Lines of all documents, made before anybody asks for them: of the usual order first, then of those that took all.

What is killed on the way has lost nothing but the documents it had in hand; the next one goes on behind them.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.datasets.models import DatasetRequest
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import state_of
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.orders import USUAL, order_of
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.ready.truth import Truth, neighbours, put_in, sections_of
from shared.database.search_store import HeldDocument
from shared.errors import InvalidInput, Unavailable

logger = logging.getLogger(__name__)


class NotPrepared(Unavailable):
    """Lines were made, or to be made, and cannot be kept."""

    code = "not_prepared"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Lines of streams cannot be kept in {path}: it is locked, damaged or on a full disk; 'ready.unusable' in "
            "the log says which. It is tried again.",
            path=str(path),
        )


class AllDocuments(Truth, Protocol):
    """Also lists documents."""

    def iter_held(self) -> Iterator[HeldDocument]:
        """All documents, in the order of ids."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made.

    Args:
        orders: For how many orders lines are kept.
        documents: Documents whose lines were made now, counted for each order.
        is_full: Whether some were left out, since there is no room for more.
    """

    orders: int
    documents: int
    is_full: bool


def prepare(shelf: ReadyShelf, documents: AllDocuments, maker_of: Callable[[DatasetRequest], LineMaker]) -> Prepared:
    """Make what is missing.

    Args:
        shelf: Keeps lines; files of other orders make room.
        documents: The truth.
        maker_of: Makes the lines of an order.

    Raises:
        NotPrepared: If a file cannot be used; what was made before is kept.
        Unavailable: If the truth cannot be read, or what was erased meanwhile cannot be taken out.
    """
    notes = [USUAL, *(note for note in shelf.orders() if note != USUAL)]
    # several notes may come to the same lines, as a template and its kind
    makers = {maker.key: maker for maker in _makers(notes, maker_of)}
    made, is_full = 0, False
    for key, maker in makers.items():
        with shelf.opened_unused(key) as file:
            if file is None:
                continue
            _require_open(file)
            for few in neighbours(_missing(documents.iter_held(), file)):
                if not shelf.has_room(file, spared=makers):
                    _require_open(file)
                    is_full = True
                    break
                _make(few, maker, file, documents)
                _require_open(file)
                made += len(few)
    return Prepared(len(makers), made, is_full)


def _require_open(file: ReadyFile) -> None:
    if not file.is_open:
        raise NotPrepared(file.path)


def _makers(notes: Sequence[str], maker_of: Callable[[DatasetRequest], LineMaker]) -> Iterator[LineMaker]:
    for note in notes:
        try:
            yield maker_of(order_of(note))
        except (InvalidInput, ValueError) as exc:
            # a template of an earlier stream may be gone
            logger.warning("ready.order_unusable", extra={"order": note, "reason": str(exc)})


def _missing(held: Iterator[HeldDocument], file: ReadyFile) -> Iterator[HeldDocument]:
    """Documents of which not all lines are known to be ready."""
    # read at once, since lines are put into the same file meanwhile
    whole = set(file.whole_documents())
    for document in held:
        state = (document.document_id, state_of(document.version, document.sha256))
        if not document.is_erased and state not in whole:
            yield document


def _make(few: Sequence[HeldDocument], maker: LineMaker, file: ReadyFile, documents: Truth) -> None:
    found = [each for each in documents.states([each.document_id for each in few]) if not each.is_erased]
    wanted = [section for each in found for section in sections_of(each)]
    # what a stream of a part of them has made stays
    known = file.of_sections([key for key, _ in wanted])
    made = list(maker.made([(key, candidate) for key, candidate in wanted if key not in known]))
    whole = [(each.document_id, state_of(each.version, each.sha256)) for each in found]
    put_in(file, made, documents, whole=whole)
