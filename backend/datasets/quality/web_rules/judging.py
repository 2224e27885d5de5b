"""The rules that English web corpora are made with, and DataTrove's verdicts, for many texts at once.

They are made for English web pages: of German law they drop nearly all. They are here so that throughput can be
compared on like rules, and so that a corpus can be filtered as published ones were; `legal-de` and its kin judge
everything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from backend.datasets.quality.web_rules.vocabulary import Vocabulary

_BATCH_CHARACTERS, _BATCH_TEXTS = 1 << 20, 1 << 10
_KNOWN_PIECES = 200_000


@dataclass(frozen=True, slots=True)
class WebVerdict:
    """What each filter says about one text by itself: DataTrove's reason to drop it, or None to keep it.

    Args:
        gopher_repetition: Lines, paragraphs and runs of words that come again.
        gopher_quality: Words, marks, letters, stop words.
        c4: Sentences and phrases.
        fineweb: Lines.
        c4_text: The lines that C4 leaves of a text that it keeps; None where it keeps none.
    """

    gopher_repetition: str | None
    gopher_quality: str | None
    c4: str | None
    fineweb: str | None
    c4_text: str | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason to drop the text; none where all filters keep it."""
        found = (self.gopher_repetition, self.gopher_quality, self.c4, self.fineweb)
        return tuple(reason for reason in found if reason)


class WebRules:
    """Judges texts; keeps the words that it met, so one instance per process is meant for all texts.

    Not for several threads at once. `profile_version` is what is recorded beside a judged text.
    """

    profile_version: ClassVar[str] = "datatrove-compat-1"

    def __init__(self) -> None:
        self._vocabulary: Vocabulary | None = None

    def judge_many(self, texts: Sequence[str]) -> list[WebVerdict]:
        """Verdicts in the order of the texts; what stands beside a text changes nothing."""
        return [verdict for batch in _batches(texts) for verdict in self._judged(batch)]

    def _judged(self, texts: Sequence[str]) -> list[WebVerdict]:
        # numpy is for the processes that judge; others only need to know that there is this profile
        from backend.datasets.quality.web_rules.batch import batch_of
        from backend.datasets.quality.web_rules.c4 import c4
        from backend.datasets.quality.web_rules.fineweb import fineweb
        from backend.datasets.quality.web_rules.gopher_quality import gopher_quality
        from backend.datasets.quality.web_rules.gopher_repetition import gopher_repetition

        batch = batch_of(texts, self._known_words())
        remainders = [c4(text) for text in texts]
        reasons = zip(gopher_repetition(texts, batch), gopher_quality(texts, batch), fineweb(texts, batch), strict=True)
        return [
            WebVerdict(repetition, quality, remainder.reason, web, remainder.text)
            for (repetition, quality, web), remainder in zip(reasons, remainders, strict=True)
        ]

    def _known_words(self) -> "Vocabulary":
        from backend.datasets.quality.web_rules.vocabulary import Vocabulary

        if self._vocabulary is None or self._vocabulary.piece_count > _KNOWN_PIECES:
            self._vocabulary = Vocabulary()
        return self._vocabulary


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many texts as fit into some memory, and at least one."""
    first = characters = 0
    for number, text in enumerate(texts):
        if number > first and (characters + len(text) > _BATCH_CHARACTERS or number - first == _BATCH_TEXTS):
            yield texts[first:number]
            first, characters = number, 0
        characters += len(text)
    if first < len(texts):
        yield texts[first:]
