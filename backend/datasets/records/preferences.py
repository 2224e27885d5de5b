"""Preferences as people stated them: an answer that somebody corrected, and the correction.

No document holds a wrong answer, and none is made up here. A pair belongs to a dataset where what was asked cites one
of its sections ("§ 35 VwVfG", "§ 35 des Verwaltungsverfahrensgesetzes") or names one of its rulings by file number or
ECLI ("XI ZR 24/19"): that section, of a ruling its first one, is its source, so that a preference can be accounted for
like every other record. What cites nothing, or nothing that was found, stays out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.records.candidates import Candidate, Place
from backend.datasets.records.drafting import KeptPassage
from backend.datasets.records.drafts import Draft
from backend.datasets.records.personal import TreatedPassage
from shared.database.base import FeedbackStore
from shared.database.citations import asked_keys, section_keys
from shared.models.dataset import RecordOrigin
from shared.models.feedback import FeedbackFilter, FeedbackItem, FeedbackState

NO_PAIR = "no_corrected_answer"
"""Why a section was left out that no corrected answer cites."""
_PAGE = 500
_MODULUS = 1 << 256


class FeedbackPairs:
    """Which corrected answers belong to which section; holds ids and keys, no texts.

    Args:
        corrected: Accepted items with a correction, in whatever order.
        get: An item by its id.
    """

    def __init__(self, corrected: Iterable[FeedbackItem], get: Callable[[str], FeedbackItem]) -> None:
        self._get = get
        self._asked: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.corrected = self.cited = 0
        self._sum = 0
        for self.corrected, item in enumerate(corrected, start=1):
            self._sum += _number(item)
            for key, weight in asked_keys(item.prompt).items():
                self._asked[key].append((item.feedback_id, weight))
        self._by_place: dict[Place, list[str]] = {}

    @property
    def digest(self) -> str:
        """Of all corrected answers in whatever order, hex; the same on every installation."""
        return f"{self._sum % _MODULUS:064x}"

    def settle(self, sections: Iterable[Candidate]) -> None:
        """Find the section that each item cites, the best match where several may be meant; before `of`."""
        best: dict[str, tuple[int, Place]] = {}
        for section in sections:
            stored = section.stored
            for key in section_keys(section.section.number, stored.abbreviation, stored.document_title):
                for feedback_id, weight in self._asked.get(key, ()):
                    # the same section in two places: the smaller one, whatever the order
                    found = (-weight, section.place)
                    best[feedback_id] = min(found, best.get(feedback_id, found))
        by_place: dict[Place, list[str]] = defaultdict(list)
        for feedback_id, (_, place) in best.items():
            by_place[place].append(feedback_id)
        self._by_place = by_place
        self.cited = len(best)

    def of(self, places: Iterable[Place]) -> Iterator[FeedbackItem]:
        """Items of sections; their words decide the order, since ids are those of this installation."""
        found = [self._get(each) for place in places for each in self._by_place.get(place, ())]
        yield from sorted(found, key=_number)


def _number(item: FeedbackItem) -> int:
    content = "\0".join((item.prompt, item.answer, item.correction or ""))
    return int.from_bytes(hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest())


def corrected_items(store: FeedbackStore) -> Iterator[FeedbackItem]:
    """Every accepted item with a correction, fetched page by page."""
    after: str | None = None
    wanted = FeedbackFilter(state=FeedbackState.ACCEPTED, has_correction=True)
    while True:
        page = store.page(wanted, limit=_PAGE, after=after)
        yield from page.items
        after = page.next_after
        if after is None:
            return


class PreferenceDrafter:
    """Makes preferences of corrected answers.

    Args:
        pairs: Settled over everything that was found.
        personal_data: What is done with it in the words of people, too.
    """

    reason = NO_PAIR
    is_whole = False

    def __init__(self, pairs: FeedbackPairs, personal_data: PersonalData) -> None:
        self._pairs = pairs
        self._personal_data = personal_data

    def begin(self, found: Iterable[Candidate]) -> None:
        """Read everything that was found, before the first passage."""
        self._pairs.settle(found)

    def drafts(self, treated: TreatedPassage) -> list[Draft]:
        """The pairs that cite a passage; of a section in parts the first part has them."""
        passage = treated.passage
        return list(self._drafts(each.place for each in passage.candidates)) if passage.part == 1 else []

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """Every passage with the pairs that cite it."""
        for each in kept:
            yield each, self.drafts(each.treated)

    def parameters(self) -> Mapping[str, Any]:
        """What was corrected."""
        return {"corrected_answers": self._pairs.digest}

    def statistics(self, written: Mapping[str, int]) -> Mapping[str, Any]:
        """How many answers were corrected, and how many of these cite a section that was found."""
        return {"preferences": {"corrected_answers": self._pairs.corrected, "cite_a_section": self._pairs.cited}}

    def _drafts(self, places: Iterable[Place]) -> Iterator[Draft]:
        number = 0
        for item in self._pairs.of(places):
            texts = [normalise(text) for text in (item.prompt, item.correction or "", item.answer)]
            usable = self._personal_data.treat(texts).texts
            if usable is None or not all(usable) or usable[1] == usable[2]:
                continue
            question, chosen, rejected = usable
            yield Draft(
                question=question,
                answer=chosen,
                rejected=rejected,
                template="correction",
                number=number,
                origin=RecordOrigin.FEEDBACK,
            )
            number += 1
