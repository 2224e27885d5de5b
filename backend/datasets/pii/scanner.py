"""All recognisers over one text; of findings that overlap, one stays."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from backend.datasets.pii import recognisers
from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.triggers import Page, Trigger
from shared.utils.discovery import classes_in

SURE = 0.8
"""Confidence from which on a finding is hardly by chance, as those with a check digit."""


class Scanner:
    """Finds personal data.

    Args:
        installed: Recognisers to use; None for every one in the folder.
    """

    def __init__(self, installed: Sequence[BaseRecogniser] | None = None) -> None:
        chosen = installed_recognisers() if installed is None else installed
        self.kinds: Mapping[str, Kind] = {each.kind.name: each.kind for each in chosen}
        self._by_trigger: dict[Trigger, list[BaseRecogniser]] = {}
        for each in chosen:
            self._by_trigger.setdefault(each.trigger, []).append(each)

    def scan(self, text: str) -> list[Finding]:
        """Findings by their place; no two overlap.

        Of two that do, the one with the higher confidence stays, then the longer, then the earlier one. Those with a
        confidence of `SURE` or more count alike: what lies inside of a longer one would leave the rest of it uncovered.
        """
        page = Page(text)
        found: list[Finding] = []
        for trigger, group in self._by_trigger.items():
            if trigger.is_in(page):
                for recogniser in group:
                    found.extend(recogniser.find(text))
        return without_overlaps(found)


def installed_recognisers() -> list[BaseRecogniser]:
    """One of every recogniser in the folder."""
    return [cls() for cls in classes_in(recognisers, BaseRecogniser)]  # type: ignore[type-abstract]  # mypy#4717


def without_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """The best of the findings that overlap, by their place."""
    kept: list[Finding] = []
    starts: list[int] = []
    for each in sorted(findings, key=_rank):
        place = bisect_left(starts, each.start)
        is_free_before = place == 0 or kept[place - 1].end <= each.start
        is_free_behind = place == len(kept) or each.end <= kept[place].start
        if is_free_before and is_free_behind:
            starts.insert(place, each.start)
            kept.insert(place, each)
    return kept


def _rank(finding: Finding) -> tuple[float, int, float, int, str, str]:
    length = finding.end - finding.start
    sure = min(finding.confidence, SURE)
    return -sure, -length, -finding.confidence, finding.start, finding.kind, finding.recogniser
