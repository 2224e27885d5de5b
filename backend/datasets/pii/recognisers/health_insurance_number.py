"""The insurance number of the statutory health insurance (Krankenversichertennummer, section 290 SGB V)."""

import re

from backend.datasets.pii.checksums import digit_sums
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.numbers import AFTER, GAP, NumberRecogniser, other_digit


def _check_digit(letter: str, digits: str) -> int:
    return sum(digit_sums(f"{ord(letter) - ord('A') + 1:02d}{digits}", (1, 2))) % 10


def _pseudonym(code: Code, _found: str) -> str:
    """With a wrong check digit, and a vowel before it, or it could be the number of an identity card."""
    drawn = code.digits(10)
    letter = "AEIOU"[int(drawn[9]) % 5]
    return letter + drawn[:8] + other_digit(_check_digit(letter, drawn[:8]), drawn[8])


HEALTH_INSURANCE_NUMBER = Kind("health_insurance_number", "Krankenversichertennummer", without_separators, _pseudonym)


class HealthInsuranceNumberRecogniser(NumberRecogniser):
    """A letter, eight digits and a check digit; the letter counts as its two-digit place in the alphabet.

    Source: GKV-Spitzenverband, "Richtlinie zum Aufbau und zur Vergabe einer Krankenversichertennummer".
    """

    name = "health_insurance_number"
    kind = HEALTH_INSURANCE_NUMBER
    confidence = 0.9
    # in groups of three, with the check digit apart, or in fours; small letters only in one piece
    pattern = re.compile(
        rf"[A-Za-z](?<!{SIGN}.)(?<![0-9]-.)(?:[0-9]{{9}}|(?<=[A-Z]){GAP}(?:[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}"
        rf"|[0-9]{{8}}{GAP}[0-9]|[0-9]{{3}}{GAP}[0-9]{{4}}{GAP}[0-9]{{2}})){AFTER}"
    )

    def is_valid(self, characters: str) -> bool:
        """By check digit."""
        return _check_digit(characters[0], characters[1:9]) == int(characters[9])
