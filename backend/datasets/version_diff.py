"""How two versions differ, read from their lineage: counts of all, changes page by page, parameters."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from backend.datasets.lineage import DOCUMENTS, FOLDER, RECORDS, VERSION
from backend.datasets.sorted_index import Change, Difference, counts, differences
from shared.errors import Conflict
from shared.models.dataset import Dataset


class NoLineage(Conflict):
    """The version was built before versions said what they are made of."""

    code = "no_lineage"

    def __init__(self, dataset_id: str) -> None:
        super().__init__(
            f"Dataset {dataset_id} was built by an earlier CLARA that did not write down what it is made of; build a "
            "new version to compare with.",
            dataset_id=dataset_id,
        )


class Part(StrEnum):
    """What is compared."""

    DOCUMENTS = "documents"
    RECORDS = "records"


_FILES: Mapping[Part, str] = {Part.DOCUMENTS: DOCUMENTS, Part.RECORDS: RECORDS}


@dataclass(frozen=True, slots=True)
class DiffPage:
    """Some of what differs.

    Args:
        counts: Part -> how its ids differ -> their number, over all.
        parameters: Dotted name -> what it was and what it is, of those that differ.
        changes: By id.
        next_after: Id after which the next page begins; None at the end.
    """

    counts: Mapping[str, Mapping[str, int]]
    parameters: Mapping[str, tuple[Any, Any]]
    changes: list[Difference]
    next_after: str | None


class Comparison:
    """Two completed versions, the earlier one first.

    Args:
        before: What is compared with.
        after: What is looked at.

    Raises:
        NoLineage: If one of them does not say what it is made of.
    """

    def __init__(self, before: Dataset, after: Dataset) -> None:
        self._before, self._after = lineage_of(before), lineage_of(after)

    def page(self, part: Part, change: Change | None, *, limit: int, after: str | None) -> DiffPage:
        """A page of what differs in a part.

        Args:
            part: Documents or records.
            change: Only ids that differ in this way; None: in any.
            limit: Most of one page.
            after: Id after which to begin.
        """
        wanted = frozenset(set(Change) - {Change.UNCHANGED} if change is None else {change})
        found = list(islice(self._differences(part, wanted, after), limit + 1))
        return DiffPage(
            counts={each.value: _counts(*self._files(each)) for each in Part},
            parameters=dict(_differing(self._parameters(self._before), self._parameters(self._after))),
            changes=found[:limit],
            next_after=found[limit - 1].id if len(found) > limit else None,
        )

    def _differences(self, part: Part, wanted: frozenset[Change], after: str | None) -> Iterator[Difference]:
        return differences(*self._files(part), wanted=wanted, beyond=after)

    def _files(self, part: Part) -> tuple[Path, Path]:
        return self._before / _FILES[part], self._after / _FILES[part]

    @staticmethod
    def _parameters(lineage: Path) -> Mapping[str, Any]:
        told: dict[str, Any] = json.loads((lineage / VERSION).read_text(encoding="utf-8"))
        return {"pipeline_version": told["pipeline_version"], **told["parameters"]}


def lineage_of(dataset: Dataset) -> Path:
    """Where a completed version says what it is made of.

    Raises:
        NoLineage: If it does not.
    """
    folder = Path(dataset.path or "").parent / FOLDER
    if dataset.path is None or not (folder / VERSION).is_file():
        raise NoLineage(dataset.dataset_id)
    return folder


@lru_cache(maxsize=256)
def _counts(before: Path, after: Path) -> Mapping[str, int]:
    """Published files never change: what was counted once stays true."""
    return counts(before, after)


def _differing(before: Any, after: Any, name: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Dotted names of what differs in two trees of JSON objects."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differing(before.get(key), after.get(key), f"{name}.{key}" if name else key)
    elif before != after:
        yield name, (before, after)
