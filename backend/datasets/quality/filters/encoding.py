"""Encoding damage: replacement characters and UTF-8 that was read as Latin-1."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading

# Ã¤ Ã¶ Ã¼ ÃŸ … and â€ž â€œ â€“ …, each counted once; a lone Ã is a letter of other languages
_DAMAGE = re.compile("\ufffd|Ã[\u0080-\u00bf„–…ŸœžŒŽƒˆ‰Š‹‘’“”•—˜™š›¤¶¼]|â€")


class EncodingFilter(BaseFilter):
    """Any damage costs; more than one character in a thousand rejects."""

    name = "encoding"
    precedence = 20
    limits = (Limit.at_most("encoding_damage", soft=0.0, hard=0.001, reason="encoding"),)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Damaged places per character."""
        if not reading.text:
            return {}
        return {"encoding_damage": len(_DAMAGE.findall(reading.text)) / len(reading.text)}
