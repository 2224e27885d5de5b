"""What a profile does to all sections, counted: decisions, rules, scores, and a few sections of each rule to see."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.datasets.curation.duplicate_file import Duplicate
from backend.datasets.quality.pipeline import Assessment, Decision
from shared.models.review import ReviewState

_EXAMPLES = 3
_BINS = 20


@dataclass(slots=True)
class Rule:
    """What one reason of a profile did.

    Args:
        rejected: Sections that it rejects.
        alone: Those of them that no other reason rejects.
        overruled: Those of them that a person kept.
        examples: Ids of the first few.
    """

    rejected: int = 0
    alone: int = 0
    overruled: int = 0
    examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rejected": self.rejected,
            "alone": self.alone,
            "overruled": self.overruled,
            "examples": list(self.examples),
        }


@dataclass(slots=True)
class Tally:
    """Counts over sections; memory does not grow with them.

    Args:
        decisions: What becomes of the sections, rulings included.
        rules: By reason.
        doubted: By signal, how many sections are to be reviewed because of it most of all.
        rulings: How many sections a person kept or rejected against the profile.
        scores: Sections by score, `_BINS` equal steps from 0 to 1.
    """

    sections: int = 0
    words: int = 0
    characters: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Rule] = field(default_factory=dict)
    doubted: Counter[str] = field(default_factory=Counter)
    doubted_examples: dict[str, list[str]] = field(default_factory=dict)
    rulings: Counter[str] = field(default_factory=Counter)
    scores: list[int] = field(default_factory=lambda: [0] * _BINS)
    personal_data: Counter[str] = field(default_factory=Counter)
    with_personal_data: int = 0
    duplicates: Counter[str] = field(default_factory=Counter)
    largest_clusters: list[tuple[int, str]] = field(default_factory=list)

    def add(self, section_id: str, assessment: Assessment, ruling: ReviewState | None) -> Decision:
        """Count a section; returns what becomes of it."""
        decision = final_decision(assessment, ruling)
        self.sections += 1
        self.decisions[decision.value] += 1
        self.scores[min(_BINS - 1, int(assessment.score * _BINS))] += 1
        if ruling is not None and decision is not assessment.decision:
            self.rulings[ruling.value] += 1
        if assessment.decision is Decision.REJECT:
            self._reject(section_id, assessment, is_overruled=ruling is ReviewState.KEPT)
        elif decision is Decision.REVIEW:
            reason = assessment.reasons[0]
            self.doubted[reason] += 1
            _note(self.doubted_examples.setdefault(reason, []), section_id)
        return decision

    def add_personal_data(self, kinds: Mapping[str, int]) -> None:
        """Count what was found in a section."""
        self.personal_data.update(kinds)
        self.with_personal_data += bool(kinds)

    def add_duplicate(self, duplicate: Duplicate) -> None:
        """Count a superfluous section."""
        self.duplicates[duplicate.kind] += 1
        cluster = (-duplicate.cluster_size, duplicate.representative)
        if cluster not in self.largest_clusters:
            self.largest_clusters = sorted([*self.largest_clusters, cluster])[:_EXAMPLES]

    def as_json(self) -> dict[str, Any]:
        """Plain values, the rules that reject most first."""
        rules = sorted(self.rules.items(), key=lambda each: (-each[1].rejected, each[0]))
        doubted = sorted(self.doubted.items(), key=lambda each: (-each[1], each[0]))
        return {
            "sections": self.sections,
            "words": self.words,
            "characters": self.characters,
            "decisions": {each.value: self.decisions[each.value] for each in Decision},
            "rules": {reason: rule.as_json() for reason, rule in rules},
            "doubted": {
                reason: {"sections": count, "examples": self.doubted_examples[reason]} for reason, count in doubted
            },
            "rulings": {"kept": self.rulings["kept"], "rejected": self.rulings["rejected"]},
            "scores": list(self.scores),
            "personal_data": {"sections": self.with_personal_data, "kinds": dict(self.personal_data.most_common())},
            "duplicates": {
                "exact": self.duplicates["exact"],
                "near": self.duplicates["near"],
                "largest_clusters": [
                    {"sections": -size, "representative": name} for size, name in self.largest_clusters
                ],
            },
        }

    def _reject(self, section_id: str, assessment: Assessment, *, is_overruled: bool) -> None:
        for reason in assessment.reasons:
            rule = self.rules.setdefault(reason, Rule())
            rule.rejected += 1
            rule.alone += len(assessment.reasons) == 1
            rule.overruled += is_overruled
            _note(rule.examples, section_id)


def final_decision(assessment: Assessment, ruling: ReviewState | None) -> Decision:
    """What becomes of a text: a person's word counts more than a profile's."""
    if ruling is ReviewState.KEPT:
        return Decision.KEEP
    return Decision.REJECT if ruling is ReviewState.REJECTED else assessment.decision


def example_ids(tally: Mapping[str, Any]) -> list[str]:
    """Ids of all examples of a tally as plain values."""
    groups = (*tally["rules"].values(), *tally["doubted"].values())
    clusters = {each["representative"] for each in tally["duplicates"]["largest_clusters"]}
    return sorted(clusters | {section_id for group in groups for section_id in group["examples"]})


def _note(examples: list[str], section_id: str) -> None:
    if len(examples) < _EXAMPLES:
        examples.append(section_id)
