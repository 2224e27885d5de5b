"""A stream of texts to clusters of duplicates.

Memory: nothing per text while texts are added. Afterwards 5 bytes per text, 30 bytes per text that shares a key with
another one, and about 0.6 kB per text of the group that is looked at (`company`): 10 MB, as long as no more texts hang
together. The caller's files take 370 bytes, the id and 8 bytes per word of every text.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.collecting import Collected, batches
from backend.datasets.duplicates.company import groups_of
from backend.datasets.duplicates.meeting import KeptTexts, meetings_of, shared
from backend.datasets.duplicates.preferring import by_preference
from backend.datasets.duplicates.starring import Star, stars_of
from backend.datasets.duplicates.texts import Cluster, ComparedText, Member, RepeatedId

THRESHOLD = 0.8


class DuplicateFinder:
    """Takes texts, then tells which are duplicates of which; as a context manager, it closes its files.

    Args:
        open_file: Gives a new empty file that can be read and written, such as `tempfile.TemporaryFile`; called
            four times.
        threshold: Least Jaccard similarity of near duplicates, above 0. Pairs under 0.7 often do not meet.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], *, threshold: float = THRESHOLD) -> None:
        self._collected = Collected(open_file)
        self._threshold = threshold

    def __enter__(self) -> Self:
        """Itself; its files are closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files; what temporary files held is gone."""
        self._collected.close()

    def add(self, texts: Iterable[ComparedText]) -> None:
        """Take texts, in any order and in as many calls as you like."""
        for batch in batches(texts):
            self._collected.add(batch)

    def __len__(self) -> int:
        """Texts so far."""
        return len(self._collected.rows)

    def clusters(self) -> Iterator[Cluster]:
        """Clusters of two texts or more, in an order that only depends on the stream; other texts have no duplicate.

        Raises:
            RepeatedId: If two texts have the same id.
        """
        self._check_ids()
        for group in groups_of(self._collected.keys, len(self)):
            yield from self._clusters_of(group)

    def _clusters_of(self, group: NDArray[np.int64]) -> Iterator[Cluster]:
        rows = self._collected.rows.take(group)
        ids = self._ids(rows)
        order = by_preference(rows, ids)
        rows, ids = rows[order], [ids[place] for place in order.tolist()]
        copies, kept = shared(rows["body"][:, 0]), KeptTexts(meetings_of(rows), len(rows))
        return _told(stars_of(rows, copies, kept, self._collected.spool, threshold=self._threshold), ids)

    def _check_ids(self) -> None:
        for identities, texts in self._collected.identities.parts():
            suspects = np.sort(texts[shared(identities).texts]).astype(np.int64)
            seen: set[str] = set()
            for text_id in self._ids(self._collected.rows.take(suspects)):
                if text_id in seen:
                    raise RepeatedId(text_id)
                seen.add(text_id)

    def _ids(self, rows: NDArray[np.void]) -> list[str]:
        spool, ids = self._collected.spool, []
        for place, size in zip(rows["id_place"].tolist(), rows["id_size"].tolist(), strict=True):
            spool.seek(place)
            ids.append(spool.read(size).decode("utf-8", "surrogatepass"))
        return ids


def find_duplicates(
    texts: Iterable[ComparedText], *, open_file: Callable[[], BinaryIO], threshold: float = THRESHOLD
) -> Iterator[Cluster]:
    """Clusters of a stream, which is read to its end before the first one; see `DuplicateFinder`."""
    with DuplicateFinder(open_file, threshold=threshold) as finder:
        finder.add(texts)
        yield from finder.clusters()


def _told(stars: Sequence[Star], ids: Sequence[str]) -> Iterator[Cluster]:
    for star in sorted(stars, key=lambda each: ids[each.centre]):
        members = [Member(ids[ray.number], ray.jaccard, ray.kind) for ray in star.rays]
        yield Cluster(ids[star.centre], tuple(sorted(members, key=lambda member: member.id)))
