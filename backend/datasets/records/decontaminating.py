"""Which found sections give an evaluation text away; for worker processes, since it loads numpy."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.datasets.records.candidates import Candidate, Place
from backend.datasets.records.evaluation_texts import read_evaluation_sets
from backend.datasets.records.repetitions import name_of, place_of

if TYPE_CHECKING:
    from backend.datasets.duplicates.contamination import ContaminationCheck
    from backend.datasets.duplicates.texts import ComparedText


@dataclass(frozen=True, slots=True)
class Giveaway:
    """The evaluation text of which a section holds most.

    Args:
        evaluation_text: Its set and its line, `golden.jsonl:12`.
        share: Words of the evaluation text that the section covers, 0..1.
    """

    evaluation_text: str
    share: float


class Decontamination:
    """Compares found sections with the evaluation sets of a folder.

    Args:
        folder: As `read_evaluation_sets` takes it; the texts stay in memory as hashes, sections pass by.

    Raises:
        UnusableEvaluationSet: If the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        from backend.datasets.duplicates.contamination import LEAST_SHARE
        from backend.datasets.duplicates.evaluation_index import NGRAM_WORDS, EvaluationIndex
        from backend.datasets.duplicates.texts import ComparedText

        sets = read_evaluation_sets(folder)
        self._index = EvaluationIndex(
            ComparedText(f"{each.name}:{line}", text) for each in sets for line, text in each.texts.items()
        )
        self._digests = {each.name: each.sha256 for each in sets}
        self._sizes = {each.name: len(each.texts) for each in sets}
        self._rule = {"ngram_words": NGRAM_WORDS, "least_share": LEAST_SHARE}
        self._given_away: Counter[str] = Counter()
        self._left: Counter[str] = Counter()

    def giveaways(self, sections: Callable[[], Iterable[Candidate]]) -> Mapping[Place, Giveaway]:
        """Sections that hold so much of an evaluation text that nobody may train on them.

        Args:
            sections: Begins to read all of them; asked twice, since what is given away by many sections together is
                counted with and without those that were found.
        """
        from backend.datasets.duplicates.contamination import ContaminationCheck

        found: dict[Place, Giveaway] = {}
        check = ContaminationCheck(self._index)
        for overlap in check.overlaps(map(_compared, sections())):
            place = place_of(overlap.training_id)
            if place not in found or overlap.share > found[place].share:
                found[place] = Giveaway(overlap.evaluation_id, overlap.share)
        self._given_away = _covered(check)
        again = ContaminationCheck(self._index)
        # no section is left that shares enough by itself: this reads all of them for what they cover together
        deque(again.overlaps(_compared(each) for each in sections() if each.place not in found), maxlen=0)
        self._left = _covered(again)
        return found

    def as_json(self, dropped: int) -> dict[str, Any]:
        """What was compared, by which rule, and what was found, for the statistics of a dataset."""
        return {
            "sets": list(self._sizes),
            **self._rule,
            "evaluation_texts": sum(self._sizes.values()),
            "unchecked": len(self._index.unchecked),
            "dropped": dropped,
            "coverage": {
                name: {"texts": size, "covered": self._given_away[name], "left": self._left[name]}
                for name, size in self._sizes.items()
            },
        }

    @property
    def facts(self) -> dict[str, Any]:
        """What `giveaways` counted, as plain JSON."""
        return {"given_away": dict(self._given_away), "left": dict(self._left)}

    def recall(self, facts: Mapping[str, Any]) -> None:
        """Take what `giveaways` counted in an attempt that was killed later."""
        self._given_away, self._left = Counter(facts["given_away"]), Counter(facts["left"])

    @property
    def properties(self) -> Mapping[str, Any]:
        """What the records depend on, for their manifest."""
        return {**self._rule, "evaluation_sets": self._digests}


def _covered(check: "ContaminationCheck") -> Counter[str]:
    """Evaluation texts of each set of which the least share, or more, was seen."""
    from backend.datasets.duplicates.contamination import LEAST_SHARE

    return Counter(each.evaluation_id.rpartition(":")[0] for each in check.coverage() if each.share >= LEAST_SHARE)


def _compared(section: Candidate) -> "ComparedText":
    from backend.datasets.duplicates.texts import ComparedText

    return ComparedText(name_of(section), section.text)
