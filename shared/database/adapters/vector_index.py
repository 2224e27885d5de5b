"""The codes of all sections in memory, and the first pass over them; vectors themselves stay in the file.

An index is never changed: what follows it shares its blocks, and a search keeps the one it began with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from shared.database.adapters.vector_codes import AskedCode, estimated, roughly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST_DAY, LAST_DAY = 0, date.max.toordinal() + 1
_BLOCK = 16_384
_SECOND_LOOK = 4
"""So many times as many sections as are wanted are estimated more finely."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sections beside each other; every array has one entry per section.

    Args:
        bits: Shape (words, sections).
        places: Fields row, doc, ordinal, first, last (days as proleptic ordinals), factor.
        is_held: False for sections of documents that were replaced.
    """

    bits: "NDArray[np.uint64]"
    places: "NDArray[np.void]"
    is_held: "NDArray[np.bool_]"


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """What a file held at one moment.

    Args:
        epoch: Of the file's life; another one means that nothing of this index is known to be true.
        newest: Highest number of a document.
        documents: Number -> id and version, also of documents that were replaced.
        numbers: Id -> number of the newest.
    """

    epoch: str
    newest: int
    blocks: tuple[Block, ...] = ()
    documents: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


def place_type() -> "np.dtype[np.void]":
    """How the place of a section is laid out, in the file and in memory."""
    import numpy as np

    return np.dtype(
        [("row", "<i8"), ("doc", "<i4"), ("ordinal", "<i4"), ("first", "<i4"), ("last", "<i4"), ("factor", "<f4")]
    )


def extended(
    index: VectorIndex, newest: int, documents: Mapping[int, tuple[str, int]], fresh: Sequence[Block]
) -> VectorIndex:
    """The index with these documents in place of their earlier versions."""
    import numpy as np

    gone = [index.numbers[name] for name, _ in documents.values() if name in index.numbers]
    blocks = list(index.blocks)
    if gone:
        dead = np.array(gone, dtype=np.int32)
        blocks = [replace(block, is_held=block.is_held & ~np.isin(block.places["doc"], dead)) for block in blocks]
    return VectorIndex(
        index.epoch,
        newest,
        _merged([*blocks, *fresh]),
        {**index.documents, **documents},
        {**index.numbers, **{name: number for number, (name, _) in documents.items()}},
    )


def nearest(
    index: VectorIndex, asked: AskedCode, admitted: "NDArray[np.bool_] | None", day: date | None, count: int
) -> "tuple[NDArray[np.void], NDArray[np.float32]]":
    """The places of the `count` best sections by their codes, and their estimated cosines, best first.

    Args:
        index: What is held.
        asked: The query.
        admitted: By number of a document; None for all.
        day: On which sections must be in force; None for all.
        count: Most places.
    """
    import numpy as np

    passing = [_passing(block, admitted, day) for block in index.blocks]
    second = _SECOND_LOOK * count
    if sum(int(mask.sum()) for mask in passing) > second:
        rough = [
            np.where(mask, roughly(asked, block.bits, block.places["factor"]), -np.inf)
            for block, mask in zip(index.blocks, passing, strict=True)
        ]
        every = np.concatenate(rough)
        edge = np.partition(every, len(every) - second)[len(every) - second]
        passing = [order >= edge for order in rough]
    if not passing:
        return np.empty(0, dtype=place_type()), np.empty(0, dtype=np.float32)
    chosen = [np.flatnonzero(mask) for mask in passing]
    # a boolean index would come out transposed, and slow to count in
    bits = [np.take(block.bits, some, axis=1) for block, some in zip(index.blocks, chosen, strict=True)]
    places = np.concatenate([np.take(block.places, some) for block, some in zip(index.blocks, chosen, strict=True)])
    scores = estimated(asked, np.concatenate(bits, axis=1), np.ascontiguousarray(places["factor"]))
    best = np.lexsort((places["row"], -scores))[:count]
    return np.take(places, best), np.take(scores, best)


def _passing(block: Block, admitted: "NDArray[np.bool_] | None", day: date | None) -> "NDArray[np.bool_]":
    passing = block.is_held
    if admitted is not None:
        passing = passing & admitted[block.places["doc"]]
    if day is not None:
        number = day.toordinal()
        passing = passing & (block.places["first"] <= number) & (number <= block.places["last"])
    return passing


def _merged(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Full blocks as they are, small neighbours joined, what is mostly gone left out."""
    import numpy as np

    done: list[Block] = []
    for block in blocks:
        if 2 * int(block.is_held.sum()) < len(block.is_held):
            block = Block(block.bits[:, block.is_held], block.places[block.is_held], block.is_held[block.is_held])
        if done and len(done[-1].is_held) + len(block.is_held) <= _BLOCK:
            last = done.pop()
            block = Block(
                np.concatenate([last.bits, block.bits], axis=1),
                np.concatenate([last.places, block.places]),
                np.concatenate([last.is_held, block.is_held]),
            )
        if len(block.is_held):
            done.append(block)
    return tuple(done)
