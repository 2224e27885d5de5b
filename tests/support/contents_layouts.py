"""Tables of contents in the layouts that word processors, gazettes and collections of law give them."""

import random
from collections.abc import Callable, Mapping

_HEADINGS = """
    Geltungsbereich|Begriffsbestimmungen|Zuständigkeit|Anwendungsbereich des Gesetzes|Rücknahme und Widerruf|Kosten
    Antrag auf Erteilung der Erlaubnis|Pflichten des Betreibers|Übergangsvorschriften|Inkrafttreten|Ordnungswidrigkeiten
    Aufsicht und Überwachung|Verfahren vor der Behörde|Dauer der Genehmigung|Bekanntgabe des Verwaltungsaktes|Beiräte
    Anhörung Beteiligter|Akteneinsicht durch Beteiligte|Fristen und Termine|Wiedereinsetzung in den vorigen Stand
    Datenschutz und Geheimhaltung|Finanzierung|Strafvorschriften|Gebühren und Auslagen|Zusammensetzung des Ausschusses
    Aufgaben der Gemeinden|Zweck des Gesetzes|Anzeige der Aufnahme des Betriebs|Bestellung eines Beauftragten|Beiträge
    Wahl der Vertreter|Rechte und Pflichten der Mitglieder|Beschlussfähigkeit|Ermächtigung zum Erlass von Verordnungen
    Verhältnis zu anderen Vorschriften|Versagung, Widerruf und Rücknahme|Berechnung der Umlage|Haushaltsführung|Prüfung
    Örtliche Zuständigkeit|Übermittlung personenbezogener Daten|Sachverständige|Schlussbestimmungen|Entschädigung
"""
_TITLES = tuple(title.strip() for line in _HEADINGS.split("\n") for title in line.split("|") if title.strip())
_NAMES = ("", "", "Inhaltsübersicht\n", "Inhaltsverzeichnis\n\n", "Inhalt\n")
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII XXIII XXIV XXV".split()  # noqa: SIM905 - reads as words


def _page_word(_number: int, title: str, page: int) -> str:
    return f"{title} Seite {page}"


def _dots_and_page_word(_number: int, title: str, page: int) -> str:
    return f"{title} ........ Seite {page}"


def _roman_and_ellipsis(number: int, title: str, page: int) -> str:
    return f"{_ROMAN[number - 1]}. {title} … {page}"


def _page(_number: int, title: str, page: int) -> str:
    return f"{title} {page}"


def _tab_and_page(_number: int, title: str, page: int) -> str:
    return f"{title}\t{page}"


def _page_on_the_next_line(_number: int, title: str, page: int) -> str:
    return f"{title}\n{page}"


def _letter_and_page(number: int, title: str, page: int) -> str:
    return f"{chr(ord('A') + number - 1)}. {title} {page}"


def _chapter_and_page(number: int, title: str, page: int) -> str:
    return f"Kapitel {number}: {title} {page}"


def _chapter_and_dash(number: int, title: str, _page: int) -> str:
    return f"Kapitel {number} – {title}"


def _page_in_brackets(_number: int, title: str, page: int) -> str:
    return f"- {title} (S. {page})"


def _decimal(number: int, title: str, _page: int) -> str:
    return f"{(number + 3) // 4}.{(number - 1) % 4 + 1} {title}"


def _part_above_title(number: int, title: str, _page: int) -> str:
    return f"Abschnitt {number}\n{title}"


def _numbered(number: int, title: str, _page: int) -> str:
    return f"{number}. {title}"


_LAYOUTS: Mapping[str, Callable[[int, str, int], str]] = {
    "page_word": _page_word,
    "dots_and_page_word": _dots_and_page_word,
    "roman_and_ellipsis": _roman_and_ellipsis,
    "page": _page,
    "tab_and_page": _tab_and_page,
    "page_on_the_next_line": _page_on_the_next_line,
    "letter_and_page": _letter_and_page,
    "chapter_and_page": _chapter_and_page,
    "chapter_and_dash": _chapter_and_dash,
    "page_in_brackets": _page_in_brackets,
    "decimal": _decimal,
    "part_above_title": _part_above_title,
    "numbered": _numbered,
}


def _class_of(entry: Callable[[int, str, int], str]) -> Callable[[str, random.Random], str]:
    def contents(_text: str, rng: random.Random) -> str:
        page, lines = 1, []
        for number, title in enumerate(rng.sample(_TITLES, rng.randint(12, 25)), 1):
            lines.append(entry(number, title, page))
            page += rng.randint(0, 4)
        return rng.choice(_NAMES) + "\n".join(lines)

    return contents


CONTENTS = {f"contents_{name}": _class_of(entry) for name, entry in _LAYOUTS.items()}
"""Name of the class -> makes a table of 12 to 25 statute headings, half of them under a heading of their own."""
