"""Whether a text reads as the corpus that was accepted: the only filter that needs something learnt.

It is not in the folder of filters, since there may be no model; the pipeline takes one with its model. The limits lie
in the model, measured on documents that it had not seen.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.limits import Limit

if TYPE_CHECKING:
    from backend.datasets.language.fluency.limits import FluencyLimit
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
        load: Gives the model whose words count as known; called for the first text that is measured, since judging
            what was measured before needs none of its megabytes.
        digest: Of the model, as its file has it.
        limits: Of the model.
        language: Of the texts that the model was learnt from.
    """

    name = "fluency"
    version = 2
    signals = tuple(_REASONS)

    def __init__(
        self,
        load: "Callable[[], FluencyModel]",
        digest: str,
        limits: "Sequence[FluencyLimit]",
        language: str = "de",
    ) -> None:
        super().__init__(language)
        self._load = load
        self._digest = digest
        self._limits = limits

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
            for each in self._limits
        )

    @cached_property
    def _model(self) -> "FluencyModel":
        return self._load()
