"""What every kind of template must do: say which slots it fills, and fill them from the text of a passage."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.passages import Passage
from backend.datasets.records.render import law_of, numbers_of, reference_of, with_headings

COMMON_SLOTS = frozenset({"reference", "law", "title", "number", "heading", "part"})
MOST_EXAMPLES = 50
"""Records that one template makes of one passage, at most."""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage as templates see it.

    Args:
        passage: Its headings are those that may be used.
        bodies: The texts of its sections that may be used, normalised.
    """

    passage: Passage
    bodies: Sequence[str]

    @property
    def is_single(self) -> bool:
        """Whether it is of one section, whole or in part."""
        return len(self.passage.candidates) == 1

    @property
    def body(self) -> str:
        """The wording: of one section without its heading, of several with all of them."""
        return self.bodies[0] if self.is_single else with_headings(self.passage, self.bodies)

    @property
    def heading(self) -> str:
        """Heading of the (first) section."""
        return normalise(self.passage.first.section.heading)

    def common(self) -> dict[str, str]:
        """Values of `COMMON_SLOTS`; `part` is " (Teil 1 von 3)" for a part, else empty."""
        passage = self.passage
        return {
            "reference": reference_of(passage),
            "law": law_of(passage),
            "title": normalise(passage.first.stored.document_title),
            "number": numbers_of(passage),
            "heading": self.heading,
            "part": f" (Teil {passage.part} von {passage.parts})" if passage.parts > 1 else "",
        }


class BaseKind(ABC):
    """One thing that can be asked about a passage.

    Whatever goes into a slot is taken from the passage word for word: a template cannot make an untrue answer of it.
    """

    name: ClassVar[str]
    slots: ClassVar[frozenset[str]]
    """Those it fills besides `COMMON_SLOTS`."""

    @abstractmethod
    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """Values of `slots`, once for each record that can be made; none where the passage does not carry it."""
