"""How likely the words at the place of a name are one."""

import re

from backend.datasets.pii.names.common_words import is_common
from backend.datasets.pii.names.first_names import FIRST_NAMES
from backend.datasets.pii.names.surnames import SURNAMES, has_ending_of_surnames

LISTED, SHAPED, UNKNOWN, NOUN = 3, 2, 1, 0
_WORD = re.compile(r"[^\W\d_]{2,}")


def likeness(name: str) -> int:
    """LISTED where a list says so, SHAPED where an ending does, UNKNOWN where nothing does, NOUN where it is no name.

    A name of several words is as likely as its last one; a listed first name before it counts as one more step.
    """
    words = [word for word in _WORD.findall(name) if word[0].isupper()]
    if not words:
        return NOUN
    surname, before = words[-1], words[:-1]
    if any(is_common(word) and word not in FIRST_NAMES for word in before):
        return NOUN
    has_first_name = any(word in FIRST_NAMES for word in before)
    if surname in SURNAMES or surname in FIRST_NAMES:
        return LISTED
    if surname.endswith("s") and surname[:-1] in SURNAMES:
        return LISTED
    if is_common(surname):
        return NOUN
    if has_first_name:
        return LISTED
    return SHAPED if has_ending_of_surnames(surname) else UNKNOWN
