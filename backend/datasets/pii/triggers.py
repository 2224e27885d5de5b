"""What a text must have for a recogniser to be run over it: most text has nothing, and asking must be cheap."""

import re
from dataclasses import dataclass
from functools import cached_property

ENDING = 5
# numbers of five digits, however they are grouped, those behind a capital, and two digits behind two letters
_NUMBERS = re.compile(
    r"[0-9](?:(?<=[A-ZÄÖÜ].)|(?<=[A-ZÄÖÜ][\s\-–:].)|(?<=[A-Za-z][a-z].)[0-9]|(?:[\s./\-()–‑]{0,3}[0-9]){4})"
)
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
    def has_numbers(self) -> bool:
        """Whether there is any number that identifies something; a quarter of all sections of statutes has one."""
        return _NUMBERS.search(self.text) is not None

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
        is_number: Whether the pattern begins where `Page.has_numbers` is true as well, and needs no search elsewhere.
        shortest: Texts up to this length are always worth a look.
    """

    parts: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    is_number: bool = False
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
        if self.pattern is None or (self.is_number and not page.has_numbers):
            return False
        return self.pattern.search(text) is not None


# nine digits, whatever they are grouped by: dates and most numbers of statutes are shorter
LONG_NUMBER = Trigger(is_number=True, pattern=re.compile(r"[0-9](?:[./\-–‑\s]{0,2}[0-9]){8}"))
