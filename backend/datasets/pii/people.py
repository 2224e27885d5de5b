"""A base for recognisers of people: names behind words that announce them."""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.likeness import LISTED, SHAPED, UNKNOWN
from backend.datasets.pii.names.reading import Name, names_at

ANONYMOUS_CONFIDENCE = 0.55


class AnnouncedNames(BaseRecogniser):
    """Names that stand behind certain words.

    Class attributes:
        announcement: Ends where the first name begins.
        least: Likeness that names behind the first one need.
        confidences: By the likeness of a name; a name of a likeness that is not there is none.
    """

    announcement: ClassVar[re.Pattern[str]]
    least: ClassVar[int] = SHAPED
    confidences: ClassVar[Mapping[int, float]] = {LISTED: 0.85, SHAPED: 0.75, UNKNOWN: 0.5}

    def find(self, text: str) -> Iterator[Finding]:
        """All names behind each announcement."""
        for announced in filter(self.announces, self.announcement.finditer(text)):
            for name in names_at(text, announced.end(), least=self.least):
                if (confidence := self.confidence(name, announced)) is not None:
                    yield self.finding(name.start, name.end, confidence)

    def announces(self, found: re.Match[str]) -> bool:
        """Whether what the pattern found does announce a name; to be overridden where a pattern cannot say it all."""
        return True

    def confidence(self, name: Name, announced: re.Match[str]) -> float | None:
        """How sure it is that a name is meant; None for not at all."""
        if name.is_anonymous:
            return ANONYMOUS_CONFIDENCE
        if name.has_degree:
            return self.confidences[LISTED]
        return self.confidences.get(name.likeness)
