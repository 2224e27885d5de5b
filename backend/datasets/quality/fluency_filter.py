"""Whether a text reads as the corpus that was accepted: the only filter that needs something learnt.

It is not in the folder of filters, since there may be no model; the pipeline takes one with its model. The limits lie
in the model, measured on documents that it had not seen.
"""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.limits import Limit

if TYPE_CHECKING:
    from backend.datasets.language.fluency.model import FluencyModel
    from backend.datasets.quality.columns import TextColumns

_REASONS = {
    "out_of_vocabulary": "unknown_words",
    "damaged_words": "damaged_words",
    "bits_per_word": "unusual_words",
    "order_gain": "word_order",
}

# cells stand in no order, and lists of names are lists of unknown words; damage is damage anywhere
_OF_PROSE = frozenset(("out_of_vocabulary", "bits_per_word", "order_gain"))


class FluencyFilter(BaseFilter):
    """Signals of a model of the accepted corpus.

    Args:
        model: Whose words count as known.
        digest: Of the model, as its file has it.
        language: Of the texts.
    """

    name = "fluency"
    signals = tuple(_REASONS)

    def __init__(self, model: "FluencyModel", digest: str, language: str = "de") -> None:
        super().__init__(language)
        self._model = model
        self._digest = digest

    @property
    def way(self) -> str:
        """Another model is another way of measuring."""
        return f"{super().way}-{self._digest[:16]}"

    def measure(self, columns: "TextColumns") -> Signals:
        """See `FluencySignals`; nothing for texts of less than 20 words."""
        found = self._model.signals_of(columns.texts)
        return {name: getattr(found, name) for name in self.signals}

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits of the model."""
        return tuple(
            Limit(
                each.signal,
                each.soft,
                each.hard,
                _REASONS[each.signal],
                is_minimum=each.is_minimum,
                spares_tables=each.signal in _OF_PROSE,
            )
            for each in self._model.limits
        )
