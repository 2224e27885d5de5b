"""What a name looks like: initials, first names, particles, surnames, what stands before and between them."""

import re

from backend.datasets.pii.edges import SIGN

UPPER = "A-ZÀ-ÖØ-ÞĆČŁŚŞŠŻŽİ"
LOWER = "a-zß-öø-ÿāăąćčďęěğıłńňōőřśşšťūůűźżž"
# the edge keeps a word whole: "Müller" of "Müller-Meier", nothing of "Müllerstraße" or of a pseudonym
EDGE = rf"(?!{SIGN}|-{SIGN})"
SURNAME = rf"(?:[A-Z]'|O’|Mc|Mac)?[{UPPER}](?:[{LOWER}]{{2,}}|[{LOWER}](?!\.))(?:-[{UPPER}][{LOWER}]+){{0,3}}{EDGE}"
PARTICLE = (
    r"(?:(?:(?:Freiherr|Freifrau|Graf|Gräfin)\s)?(?:von\sund\szu|von(?:\sd(?:er|en|em))?|van(?:\sde[rn]?)?|del?"
    r"|di|da|la|le|el|al|ten|ter)\s)"
)
# abbreviations of other things are as short
_NO_INITIAL = r"(?!(?:Dr|Nr|Art|Abs|Str|Tel|Fax|Fa|Hr|Fr|Az|Rn|Bl|Vgl|Hs|Ri|Ra|Kto|Geb|Inh|Mio|Mrd)\.)"
INITIAL = rf"(?:{_NO_INITIAL}[{UPPER}][a-zß]{{0,2}}\.)"
FIRST = rf"(?:[{UPPER}][{LOWER}]+(?:-[{UPPER}][{LOWER}]+)?{EDGE})"
# "Anna Maria von der Heide", "K. Schmidt"
FULL_NAME = rf"(?:(?:{INITIAL}\s?|{FIRST}\s){{0,3}}{PARTICLE}?{SURNAME})"
# "K.", "M. D.", "K …", "Th": how rulings name people who must not be known
ANONYMOUS = rf"(?:{INITIAL}(?:\s?{INITIAL})?(?:\s(?:…|\.\.\.))?|[{UPPER}]{{1,2}}(?:\s?(?:…|\.\.\.))?(?![\w…]|-\w|/\d))"
DEGREE = (
    r"(?:(?:(?:Univ\.-)?Prof(?:essor(?:in|s)?|\.)|Dres\.|Dr\.(?:-Ing\.)?|PD|Dipl\.-[A-Z]\w*\.?|Mag\.|LL\.\s?M\."
    r"|med\.|dent\.|vet\.|jur\."
    r"|iur\.|phil\.|agr\.|oec\.|pol\.|theol\.|rer\.|nat\.|soc\.|habil\.|h\.\s?c\.|mult\.|e\.\s?h\.)\s?)"
)
BETWEEN = r"(?:\s?,\s|\s(?:und|sowie|u\.|oder)\s)"
_LAST_WORD = re.compile(rf"[{UPPER}][{LOWER}\-{UPPER}]*$")


def last_word(name: str) -> str:
    """The surname of a name, or what stands at its place."""
    found = _LAST_WORD.search(name)
    return found[0] if found else name
