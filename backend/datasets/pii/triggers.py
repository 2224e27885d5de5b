"""What a text must have for a recogniser to be run over it: most text has nothing, and asking must be cheap."""

import re
from dataclasses import dataclass
from functools import cached_property

ENDING = 5
_CAPITALISED = re.compile(r"[A-ZÄÖÜ][a-zäöüß]+")


class Page:
    """A text together with what triggers ask for, which is made once.

    Args:
        text: To scan.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> frozenset[str]:
        """Words with a capital, the only ones that name somebody; compounds with a hyphen are several."""
        return frozenset(_CAPITALISED.findall(self.text))

    @cached_property
    def endings(self) -> frozenset[str]:
        """Their last five letters."""
        return frozenset([word[-ENDING:] for word in self.words])


@dataclass(frozen=True, slots=True)
class Trigger:
    """Any of these is enough.

    Recognisers that share one trigger object's value share the search for it.

    Args:
        parts: Strings that may stand anywhere.
        words: Words with a capital.
        endings: The last five letters of words with a capital, or shorter ones whole.
        pattern: Begins with a set of characters or a literal, since a search for one is quick.
        shortest: Texts up to this length are always worth a look.
    """

    parts: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    shortest: int = 0

    def is_in(self, page: Page) -> bool:
        """Whether a text is worth a recogniser's time."""
        text = page.text
        if len(text) <= self.shortest or (self.words and not self.words.isdisjoint(page.words)):
            return True
        if self.endings and not self.endings.isdisjoint(page.endings):
            return True
        for part in self.parts:
            if part in text:
                return True
        return self.pattern is not None and self.pattern.search(text) is not None


# nine digits, whatever they are grouped by: dates and most numbers of statutes are shorter
LONG_NUMBER = Trigger(pattern=re.compile(r"[0-9](?:[ \u00a0\u202f./\-]?[0-9]){8}"))
