"""What of a section is indexed, and how much it counts.

A word counts once for each time it stands in the body, and more in the heading; headings of the parts that a section
stands in count less than its own, and the title of the document, which stands over all sections alike, counts little.
Where a body begins it says what it is about: its first words count more, and the words that open it are kept apart as
well, since it is worth something by itself that a word stands there, however often it stands elsewhere. Weights are
whole numbers of `UNIT`, so that sums do not depend on their order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.database.citations import identity_keys, mentioned_keys
from shared.database.inverted_index.analysis import STOP_WORDS, words
from shared.models.document import Document, Section

UNIT = 4  # the weight of one word in the body
_HEADING = 3 * UNIT
_PARTS = 2 * UNIT
_TITLE = UNIT // 2
_BEGINNING = 2 * UNIT  # on top, for the first words of the body
_BEGINNING_WORDS = 10
_OPENING_WORDS = 40  # of the body, stop words not counted …
_FIRST_WORDS = 15  # … and those that open it


@dataclass(frozen=True, slots=True)
class SectionTerms:
    """One section, ready to be indexed.

    Args:
        weights: Word -> how much it counts, in units of 1/`UNIT`.
        opening: Words that open the body -> 2 for the very first, 1 for those behind them.
        identities: Keys under which the section is cited.
        mentions: Keys of what it cites.
    """

    weights: dict[str, int]
    opening: dict[str, int]
    identities: list[str]
    mentions: list[str]


def terms_of(document: Document, section: Section) -> SectionTerms:
    """Everything of a section that can be found."""
    body = words(section.text)
    weights: dict[str, int] = {}
    _add(weights, body, UNIT)
    _add(weights, body[:_BEGINNING_WORDS], _BEGINNING)
    _add(weights, words(f"{section.number} {section.heading}"), _HEADING)
    _add(weights, words(" ".join(_parts(section))), _PARTS)
    _add(weights, words(f"{document.title} {document.abbreviation}"), _TITLE)
    return SectionTerms(
        weights,
        _opening(body),
        list(dict.fromkeys(identity_keys(document, section))),
        list(dict.fromkeys(mentioned_keys(document, section))),
    )


def _opening(body: Iterable[str]) -> dict[str, int]:
    said = list(islice((word for word in body if word not in STOP_WORDS), _OPENING_WORDS))
    return {**dict.fromkeys(said, 1), **dict.fromkeys(said[:_FIRST_WORDS], 2)}


def _parts(section: Section) -> Sequence[str]:
    """Headings between the title, which comes first, and the section's own, which comes last."""
    above = section.heading_path[1:]
    return above[:-1] if section.heading or section.number else above


def _add(weights: dict[str, int], found: Iterable[str], weight: int) -> None:
    for word in found:
        weights[word] = weights.get(word, 0) + weight
