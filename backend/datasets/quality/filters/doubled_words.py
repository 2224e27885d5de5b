"""Words that stand there twice, as where a PDF draws bold print two times: "Die Die Gebühr Gebühr"."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class DoubledWordFilter(BaseFilter):
    """How many words only say what the one before says; grammar does so now and then ("die die Satzung")."""

    name = "doubled_words"
    signals = ("doubled_words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Words equal to the one before, as a share of all words.

        Numbers and single letters do not count as equal: tables and forms have rows of them.
        """
        import numpy as np

        words = columns.words
        places = np.flatnonzero(words.hashes[1:] == words.hashes[:-1]) + 1
        is_doubled = (words.text[places] == words.text[places - 1]) & (words.lengths[places] > 1)
        is_doubled &= ~words.are_numbers[places]
        return {"doubled_words": columns.share(words.count(places[is_doubled]), words.counts)}
