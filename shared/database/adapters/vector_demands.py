"""What every vector store demands of changes and questions before it looks at them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.database.embeddings.errors import EmbeddingModelChanged
from shared.database.search_store import DocumentChange, Question
from shared.models.search import RankedList

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def require_vectors(store: str, changes: Iterable[DocumentChange], dimension: int) -> None:
    """Every section must have its vector.

    Raises:
        ValueError: Naming the document whose vectors are missing or of another shape.
    """
    for change in changes:
        shape = None if change.vectors is None else change.vectors.shape
        if change.sections and shape != (len(change.sections), dimension):
            raise ValueError(
                f"'{store}' needs a vector of {dimension} numbers for each of the {len(change.sections)} "
                f"sections of {change.document_id}, found the shape {shape}"
            )


def vector_asked_for(
    store: str, wanted: RankedList, question: Question, *, model_key: str, dimension: int
) -> "NDArray[np.float32]":
    """The vector of a question, shape (dimension,).

    Raises:
        ValueError: If another list is wanted, or the question has no vector.
        EmbeddingModelChanged: If the vector is of another length than those that are held.
    """
    import numpy as np

    if wanted is not RankedList.VECTOR or question.vector is None:
        raise ValueError(f"'{store}' answers the list 'vector' for questions with a vector, not '{wanted}'")
    if len(question.vector) != dimension:
        raise EmbeddingModelChanged(store, held=model_key, asked=f"one of {len(question.vector)} numbers")
    return np.asarray(question.vector, dtype=np.float32)
