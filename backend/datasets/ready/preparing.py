"""Lines of all documents, made before anybody asks for them: of the usual order, and of those that took everything.

What is killed on the way has lost nothing but the documents it had in hand; the next one goes on behind them.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.datasets.models import DatasetRequest
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import state_of
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.orders import USUAL, order_of
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.ready.truth import Truth, neighbours, put_in, sections_of
from shared.database.search_store import HeldDocument
from shared.errors import InvalidInput

logger = logging.getLogger(__name__)


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
        Unavailable: If the truth cannot be read.
    """
    makers = list(_makers(sorted({USUAL, *shelf.orders()}), maker_of))
    keys = [maker.key for maker in makers]
    made, is_full = 0, False
    for maker in makers:
        with shelf.opened_unused(maker.key) as file:
            if file is None:
                continue
            for few in neighbours(_missing(documents.iter_held(), file)):
                if not file.is_open or not shelf.has_room(file, spared=keys):
                    is_full = True
                    break
                _make(few, maker, file, documents)
                made += len(few)
    return Prepared(len(makers), made, is_full)


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
