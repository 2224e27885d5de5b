"""The random-looking digits and letters of a pseudonym, drawn from a keyed digest."""

from collections.abc import Sequence

# without letters that are read as digits
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = "0123456789"
_WORD = 8


class Code:
    """What a digest is spelt with; the same digest always spells the same.

    Args:
        digest: At least 16 bytes that nobody can foresee.
    """

    def __init__(self, digest: bytes) -> None:
        self._number = int.from_bytes(digest, "big")

    @property
    def word(self) -> str:
        """Eight letters and digits, 40 bits: of 10,000 values, two are spelt alike once in 20,000 keys."""
        return self.spell(_ALPHABET, _WORD)

    def digits(self, count: int) -> str:
        """Decimal digits."""
        return self.spell(_DIGITS, count)

    def spell(self, alphabet: Sequence[str], count: int) -> str:
        """A given number of characters of an alphabet."""
        number, spelt = self._number, []
        for _ in range(count):
            number, place = divmod(number, len(alphabet))
            spelt.append(alphabet[place])
        return "".join(spelt)
