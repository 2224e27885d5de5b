"""A stream of texts to clusters of duplicates.

Memory: nothing per text while texts are added, 30 bytes per text while keys are sorted, and about 0.5 kB per text that
shares a key with another one. The caller's files take 184 bytes, the id and 8 bytes per word of every text.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.collecting import batches, collect
from backend.datasets.duplicates.meeting import KeptTexts, Meetings, meetings_of, shared
from backend.datasets.duplicates.preferring import by_preference
from backend.datasets.duplicates.rows import Rows
from backend.datasets.duplicates.starring import Star, stars_of
from backend.datasets.duplicates.texts import Cluster, ComparedText, Member, RepeatedId

THRESHOLD = 0.8
_ID = ("id_size", "id_place")
_STATE = ("valid_from", "valid_to", "quality", "length")
_DECISIVE = ("body", "shingle_count", "shingle_place", *_STATE, *_ID)


class DuplicateFinder:
    """Takes texts, then tells which are duplicates of which; as a context manager, it closes its files.

    Args:
        open_file: Gives a new empty file that can be read and written, such as `tempfile.TemporaryFile`; called twice.
        threshold: Least Jaccard similarity of near duplicates, above 0. Pairs under 0.7 often do not meet.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], *, threshold: float = THRESHOLD) -> None:
        self._rows = Rows(open_file())
        self._spool = open_file()
        self._threshold = threshold

    def __enter__(self) -> Self:
        """Itself; its files are closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files; what temporary files held is gone."""
        self._rows.close()
        self._spool.close()

    def add(self, texts: Iterable[ComparedText]) -> None:
        """Take texts, in any order and in as many calls as you like."""
        for batch in batches(texts):
            collect(batch, self._rows, self._spool)

    def __len__(self) -> int:
        """Texts so far."""
        return len(self._rows)

    def clusters(self) -> Iterator[Cluster]:
        """Clusters of two texts or more, in the order of their representatives' ids; other texts have no duplicate.

        Raises:
            RepeatedId: If two texts have the same id.
        """
        self._check_ids()
        copies = shared(self._rows.column("body", 0))
        meetings = meetings_of(self._rows)
        company = np.unique(np.concatenate([copies.texts, meetings.texts]))
        rows = self._rows.take(company, _DECISIVE)
        ids = self._ids(rows)
        order = by_preference(rows, ids)
        rows, ids = rows[order], [ids[place] for place in order.tolist()]
        kept = KeptTexts(_renumbered(meetings, company, order), len(order))
        copies = _renumbered(copies, company, order)
        del meetings, company
        return _told(stars_of(rows, copies, kept, self._spool, threshold=self._threshold), ids)

    def _check_ids(self) -> None:
        suspects = np.sort(shared(self._rows.column("identity")).texts)
        seen: set[str] = set()
        for text_id in self._ids(self._rows.take(suspects, _ID)):
            if text_id in seen:
                raise RepeatedId(text_id)
            seen.add(text_id)

    def _ids(self, rows: NDArray[np.void]) -> list[str]:
        ids = []
        for place, size in zip(rows["id_place"].tolist(), rows["id_size"].tolist(), strict=True):
            self._spool.seek(place)
            ids.append(self._spool.read(size).decode("utf-8", "surrogatepass"))
        return ids


def find_duplicates(
    texts: Iterable[ComparedText], *, open_file: Callable[[], BinaryIO], threshold: float = THRESHOLD
) -> Iterator[Cluster]:
    """Clusters of a stream, which is read to its end before the first one; see `DuplicateFinder`."""
    with DuplicateFinder(open_file, threshold=threshold) as finder:
        finder.add(texts)
        yield from finder.clusters()


def _renumbered(meetings: Meetings, company: NDArray[np.int64], order: NDArray[np.int64]) -> Meetings:
    """The same with texts numbered by preference instead of by rows."""
    number_of = np.empty_like(order)
    number_of[order] = np.arange(len(order))
    return Meetings(number_of[np.searchsorted(company, meetings.texts)], meetings.buckets)


def _told(stars: Sequence[Star], ids: Sequence[str]) -> Iterator[Cluster]:
    for star in sorted(stars, key=lambda each: ids[each.centre]):
        members = [Member(ids[ray.number], ray.jaccard, ray.kind) for ray in star.rays]
        yield Cluster(ids[star.centre], tuple(sorted(members, key=lambda member: member.id)))
