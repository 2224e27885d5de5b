"""Texts as PostgreSQL is given them: words alone, so that its parser finds in every locale what we found.

That parser takes "und/oder" for a file and "abs.2" for a host, and knows letters beyond ASCII and their small forms
only in some locales. So words are cut and made small here; PostgreSQL stems and counts them.
"""

import re

from shared.database.citations import folded

# A tsvector ends at 1 MB, positions included, which so many bytes of text cannot fill whatever words they are; what
# follows in one section is not searched.
MAX_BYTES = 400_000
_MAX_WORD = 200
_JOINT = "ǂ"
# "4 A 2363/20": one word more, as a number with its year is worth more than both apart
_TOKEN = re.compile(r"(?P<joined>[0-9]+(?:/[0-9]+)+)|[^\W_]+")


def indexed_words(text: str) -> list[str]:
    """The words of a text or of a query, in order, in one spelling."""
    words: list[str] = []
    head = folded(text[:MAX_BYTES]).lower().encode("utf-8", "replace")[:MAX_BYTES]
    for token in _TOKEN.finditer(head.decode("utf-8", "ignore")):
        word = token[0]
        if token["joined"]:
            words += (word.replace("/", _JOINT), *word.split("/"))
        else:
            words.append(word[:_MAX_WORD])
    return words
