"""Signals of many texts side by side, as filters measure and profiles judge them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.datasets.quality.base import Signals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SignalTable:
    """What was measured of some texts.

    Args:
        values: By name of the signal, each of shape (texts,); NaN where it makes no sense for a text.
        words: Words per text, shape (texts,).
    """

    values: Signals
    words: "NDArray[np.int64]"


def joined(tables: Sequence[SignalTable]) -> SignalTable:
    """One table after the other; without any, a table of no texts."""
    import numpy as np

    if not tables:
        return SignalTable({}, np.zeros(0, dtype=np.int64))
    names = tables[0].values
    values = {name: np.concatenate([each.values[name] for each in tables]) for name in names}
    return SignalTable(values, np.concatenate([each.words for each in tables]))
