"""Texts that no model should learn from, made of good ones: a class for each way in which texts go wrong.

OCR noise and shuffled words are in `noisy_texts`, the layouts of tables of contents in `contents_layouts`.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence

from tests.support.contents_layouts import CONTENTS

_MENU = """
    Startseite Kontakt Impressum Datenschutz Sitemap Suche Anmelden Aktuelles Service Bürgerservice Rathaus Politik
    Verwaltung Kultur Tourismus Presse Newsletter Karriere Übersicht Weiter Zurück Drucken Teilen Login Hilfe
    """.split()  # noqa: SIM905 - reads as words
_THIRD = 1 / 3
_SUBJECTS = ("Verhältnis", "Anwendung", "Zuständigkeit", "Pflichten", "Erhebung", "Verfahren", "Aufsicht", "Übergang")
_RELATIONS = ("zu anderen", "bei der Prüfung von", "in Fällen der", "nach Ablauf der", "und Form der", "für die", "der")
_OBJECTS = ("Gebühren", "Behörden", "Anträge", "Frist", "Satzung", "Erlaubnis", "Kosten", "Auskünfte", "Verträge")


def mojibake(text: str, _rng: random.Random) -> str:
    """UTF-8 read as Windows-1252."""
    return text.encode("utf-8").decode("cp1252", "replace")


def mojibake_of_dos(text: str, _rng: random.Random) -> str:
    """Windows-1252 read as code page 850: "f³r"."""
    return text.encode("cp1252", "replace").decode("cp850")


def mojibake_of_mac(text: str, _rng: random.Random) -> str:
    """UTF-8 read as Mac Roman: "f√ºr"."""
    return text.encode("utf-8").decode("mac-roman")


def mojibake_of_cyrillic(text: str, _rng: random.Random) -> str:
    """UTF-8 read as Windows-1251: "fГјr"."""
    return text.encode("utf-8").decode("cp1251", "replace")


def question_marks(text: str, _rng: random.Random) -> str:
    """What is not ASCII as question marks: "f?r"."""
    return text.encode("ascii", "replace").decode()


def quoted_printable(text: str, _rng: random.Random) -> str:
    """As e-mail carries it: "f=C3=BCr"."""
    return "".join(letter if ord(letter) < 128 else _quoted(letter) for letter in text)


def no_umlauts(text: str, _rng: random.Random) -> str:
    """What is not ASCII left out: "fr"."""
    return text.encode("ascii", "ignore").decode()


def lost_umlauts(text: str, _rng: random.Random) -> str:
    """Every letter that is not ASCII replaced by U+FFFD."""
    return "".join(letter if ord(letter) < 128 else "\ufffd" for letter in text)


def letter_spaced(text: str, _rng: random.Random) -> str:
    """S p a c e d, with wider gaps between words."""
    return "   ".join(" ".join(word) for word in text.split())


def stuck_last_line(text: str, _rng: random.Random) -> str:
    """The last line eleven times."""
    return text + f"\n{text.splitlines()[-1]}" * 10


def twice(text: str, _rng: random.Random) -> str:
    """The whole text two times."""
    return f"{text}\n\n{text}"


def twice_on_one_line(text: str, _rng: random.Random) -> str:
    """Two times without a break, the second time without its first words."""
    return f"{text} {' '.join(text.split()[3:])}"


def every_sentence_twice(text: str, _rng: random.Random) -> str:
    """What ends in a mark, two times."""
    return " ".join(f"{sentence} {sentence}" for sentence in re.split(r"(?<=[.;:])\s+", text))


def half_letter_spaced(text: str, rng: random.Random) -> str:
    """S p a c e d in every third word."""
    return " ".join(" ".join(word) if rng.random() < _THIRD else word for word in text.split())


def five_times(text: str, _rng: random.Random) -> str:
    """The whole text five times."""
    return "\n\n".join([text] * 5)


def sentence_over_and_over(text: str, rng: random.Random) -> str:
    """A sentence of some words again and again, under fifty words in all."""
    words = text.split()[: rng.randint(4, 12)]
    return " ".join([" ".join(words) + "."] * rng.randint(3, max(3, 49 // len(words))))


def label_over_and_over(text: str, rng: random.Random) -> str:
    """What a page repeats, on lines of its own."""
    label = rng.choice(("I.", "Seite", "Ausfertigungsdatum", "Bundesgesetzblatt Teil I", rng.choice(_nouns(text))))
    return rng.choice(("\n", "\n\n", " ")).join([label] * rng.randint(5, 30))


def glued(text: str, _rng: random.Random) -> str:
    """Without white space, as some extractions leave it."""
    return "".join(text.split())


def doubled_words(text: str, _rng: random.Random) -> str:
    """Every word two times, as bold print that a PDF draws twice."""
    return " ".join(f"{word} {word}" for word in text.split())


def table_of_contents(text: str, rng: random.Random) -> str:
    """Headings with dots and pages, of words of the text."""
    words, lines = _nouns(text), []
    for number in range(1, rng.randint(10, 40)):
        heading = " ".join(rng.choices(words, k=rng.randint(1, 4)))
        lines.append(f"§ {number} {heading} {'.' * rng.randint(5, 40)} {rng.randint(1, 200)}")
    return "\n".join(lines)


def contents_of_prose(_text: str, rng: random.Random) -> str:
    """Headings as laws have them, with function words; with pages and dots, or without."""
    dots = rng.choice(("", " ......", " . . . . .", " "))
    lines = []
    for number in range(1, rng.randint(8, 30)):
        heading = f"{rng.choice(_SUBJECTS)} {rng.choice(_RELATIONS)} {rng.choice(_OBJECTS)}"
        lines.append(f"§ {number} {heading}{dots} {3 * number}" if dots else f"§ {number} {heading}")
    return "\n".join(lines)


def headings_only(text: str, rng: random.Random) -> str:
    """A table of contents without dots and pages."""
    words = _nouns(text)
    return "\n".join(f"§ {number} {' '.join(rng.choices(words, k=2))}" for number in range(1, rng.randint(10, 40)))


def navigation(_text: str, rng: random.Random) -> str:
    """The menu of a web page."""
    return rng.choice(("\n", " | ")).join(rng.choices(_MENU, k=rng.randint(20, 80)))


def number_table(_text: str, rng: random.Random) -> str:
    """Rows of amounts."""
    return "\n".join(_amounts(rng) for _ in range(rng.randint(5, 40)))


def small_number_table(_text: str, rng: random.Random) -> str:
    """Two to four rows of three numbers."""
    return "\n".join(" ".join(str(rng.randint(1, 9_999)) for _ in range(3)) for _ in range(rng.randint(2, 4)))


def labelled_number_table(text: str, rng: random.Random) -> str:
    """Rows of amounts that begin with a word."""
    words = _nouns(text)
    return "\n".join(f"{rng.choice(words)} {_amounts(rng)}" for _ in range(rng.randint(5, 40)))


_OWN = {
    made.__name__: made
    for made in (
        mojibake,
        mojibake_of_dos,
        mojibake_of_mac,
        mojibake_of_cyrillic,
        question_marks,
        quoted_printable,
        no_umlauts,
        lost_umlauts,
        letter_spaced,
        half_letter_spaced,
        stuck_last_line,
        twice,
        twice_on_one_line,
        every_sentence_twice,
        five_times,
        sentence_over_and_over,
        label_over_and_over,
        table_of_contents,
        contents_of_prose,
        headings_only,
        navigation,
        number_table,
        small_number_table,
        labelled_number_table,
        glued,
        doubled_words,
    )
}
CLASSES: Mapping[str, Callable[[str, random.Random], str]] = {**_OWN, **CONTENTS}
"""Name -> makes garbage of a good text."""


def garbage(texts: Sequence[str], name: str, rng: random.Random) -> list[str]:
    """The texts made bad in one way."""
    return [CLASSES[name](text, rng) for text in texts]


def _amounts(rng: random.Random) -> str:
    return " ".join(f"{rng.uniform(0, 10_000):,.2f}" for _ in range(rng.randint(3, 8)))


def _quoted(letter: str) -> str:
    return "".join(f"={byte:02X}" for byte in letter.encode())


def _nouns(text: str) -> list[str]:
    return [word for word in text.split() if word.istitle() and len(word) > 4] or ["Gebühr", "Antrag", "Satzung"]
