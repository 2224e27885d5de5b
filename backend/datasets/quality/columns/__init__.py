"""Many texts as columns of numbers that all filters share: characters, words, tokens and lines are found once.

Imports numpy, so nothing that an idle service imports may import it: filters name it below `TYPE_CHECKING`.
"""

from backend.datasets.quality.columns.text_columns import TextColumns

__all__ = ["TextColumns"]
