"""A kind of personal data: what it is called, when two spellings of it are the same, and what a stand-in looks like."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from backend.datasets.pii.codes import Code

_SEPARATORS = re.compile(r"[^\w]|_")
_SPACES = re.compile(r"\s+")


def one_spelling(found: str) -> str:
    """Composed letters, small ones, single spaces: for what is written in words."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", found)).strip().casefold()


def without_separators(found: str) -> str:
    """Letters and digits alone, in capitals: for what is written in groups."""
    return _SEPARATORS.sub("", found).upper()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of personal data, shared by all recognisers that find it.

    Args:
        name: As policies and reports name it.
        label: The German word in masks and pseudonyms; a text stays readable with it.
        normalise: Spellings that it makes equal get the same pseudonym.
        shape: Makes a pseudonym that looks like the kind and is none, from a code and the normalised value; None for
            the label and a code ("Person-7KQ2M9XA").
    """

    name: str
    label: str
    normalise: Callable[[str], str] = one_spelling
    shape: Callable[[Code, str], str] | None = None

    @property
    def mask(self) -> str:
        """What stands where something of this kind was masked."""
        return f"[{self.label}]"
