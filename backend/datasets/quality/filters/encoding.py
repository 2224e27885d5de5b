"""Encoding damage: replacement characters and UTF-8 that was read as Latin-1."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

# Ã¤ Ã¶ Ã¼ ÃŸ … and â€ž â€œ â€“ …, each counted once; a lone Ã is a letter of other languages
_DAMAGE = re.compile("\ufffd|Ã[\u0080-\u00bf„–…ŸœžŒŽƒˆ‰Š‹‘’“”•—˜™š›¤¶¼]|â€")


class EncodingFilter(BaseFilter):
    """Damaged characters."""

    name = "encoding"
    signals = ("encoding_damage",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Damaged places per character."""
        if not reading.text:
            return {}
        return {"encoding_damage": len(_DAMAGE.findall(reading.text)) / len(reading.text)}
