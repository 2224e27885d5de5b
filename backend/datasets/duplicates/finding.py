"""A stream of texts to clusters of duplicates.

Memory: nothing per text while texts are added, 16 bytes per text while keys are sorted, and about 0.5 kB per text that
shares a key with another one. The caller's files take 184 bytes, the id and 8 bytes per word of every text.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.collecting import batches, collect
from backend.datasets.duplicates.meeting import KeptTexts, Meetings, meetings_of, shared
from backend.datasets.duplicates.preferring import by_preference
from backend.datasets.duplicates.rows import Rows
from backend.datasets.duplicates.starring import Star, stars_of
from backend.datasets.duplicates.texts import Cluster, ComparedText, Member, RepeatedId

THRESHOLD = 0.8


class DuplicateFinder:
    """Takes texts, then tells which are duplicates of which.

    Args:
        open_file: Gives a new empty file that can be read and written, such as `tempfile.TemporaryFile`; called twice.
        threshold: Least Jaccard similarity of near duplicates, above 0. Pairs under 0.7 often do not meet.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], *, threshold: float = THRESHOLD) -> None:
        self._rows = Rows(open_file())
        self._spool = open_file()
        self._threshold = threshold

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
        meetings = meetings_of(self._rows)
        company = np.unique(np.concatenate([self._with_copies(), meetings.texts]))
        rows = self._rows.take(company)
        ids = self._ids(rows)
        order = by_preference(rows, ids)
        number_of = np.empty_like(order)
        number_of[order] = np.arange(len(order))
        by_number = Meetings(number_of[np.searchsorted(company, meetings.texts)], meetings.buckets)
        stars = stars_of(rows[order], KeptTexts(by_number, len(order)), self._spool, threshold=self._threshold)
        return _told(stars, [ids[place] for place in order.tolist()])

    def _with_copies(self) -> NDArray[np.int64]:
        """Texts whose body another text has too."""
        return shared(self._rows.column("body", 0)).texts

    def _check_ids(self) -> None:
        suspects = np.sort(shared(self._rows.column("identity")).texts)
        seen: set[str] = set()
        for text_id in self._ids(self._rows.take(suspects)):
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
    """Clusters of a stream; see `DuplicateFinder`."""
    finder = DuplicateFinder(open_file, threshold=threshold)
    finder.add(texts)
    return finder.clusters()


def _told(stars: Sequence[Star], ids: Sequence[str]) -> Iterator[Cluster]:
    for star in sorted(stars, key=lambda each: ids[each.centre]):
        members = [Member(ids[ray.number], ray.jaccard, ray.kind) for ray in star.rays]
        yield Cluster(ids[star.centre], tuple(sorted(members, key=lambda member: member.id)))
