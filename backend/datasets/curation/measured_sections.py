"""What was measured of a bucket's sections: the figures that files keep and that workers send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MeasuredSections:
    """What was measured of some sections; all sequences are as long as `section_ids`.

    Args:
        section_ids: `<document_id>:<version>:<ordinal>`.
        text_keys: `text_key_of` the normalised text.
        words: Number of words.
        characters: Of the normalised text.
        signals: Name -> values, shape (sections,); NaN where a signal makes no sense for a text.
        personal_data: Kind -> how often it was found, for the sections in which anything was.
    """

    section_ids: Sequence[str]
    document_ids: Sequence[str]
    text_keys: Sequence[str]
    words: "NDArray[np.int64]"
    characters: "NDArray[np.int64]"
    signals: "Mapping[str, NDArray[np.float64]]"
    personal_data: Sequence[Mapping[str, int]] = field(default_factory=tuple)
