"""Encoding damage: replacement characters and UTF-8 that was read as Latin-1."""

import re
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns

# Ã¤ Ã¶ Ã¼ ÃŸ … and â€ž â€œ â€“ …, each counted once; a lone Ã is a letter of other languages
_BEGINNINGS = ("\ufffd", "Ã", "â")
_DAMAGE = re.compile("\ufffd|Ã[\u0080-\u00bf„–…ŸœžŒŽƒˆ‰Š‹‘’“”•—˜™š›¤¶¼]|â€")


class EncodingFilter(BaseFilter):
    """Damaged characters."""

    name = "encoding"
    signals = ("encoding_damage",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Damaged places per character."""
        text = columns.characters.joined
        places = [found.start() for found in _DAMAGE.finditer(text)] if _may_be_damaged(text) else []
        return {"encoding_damage": columns.share(columns.count_places(places), columns.lengths)}


def _may_be_damaged(text: str) -> bool:
    """Most batches hold none of these signs, and the search for a single character is quick."""
    return any(sign in text for sign in _BEGINNINGS)
