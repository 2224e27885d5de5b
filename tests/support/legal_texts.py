"""Original German administrative prose and sections made of it, for tests of the dataset pipeline."""

from collections.abc import Iterator
from datetime import date, timedelta

from backend.datasets.records.candidates import Candidate
from shared.models.document import ParsedDocument, Section, StoredSection

GOOD = (
    "(1) Die Gemeinde erhebt für die Benutzung der öffentlichen Grünanlagen eine Gebühr, soweit die Nutzung über\n"
    "den Gemeingebrauch hinausgeht und nicht im Interesse der Allgemeinheit liegt.\n\n"
    "(2) Zur Zahlung ist verpflichtet, wer die Anlage benutzt oder durch andere benutzen lässt. Mehrere Schuldner\n"
    "haften als Gesamtschuldner. Die Gebühr wird mit der Bekanntgabe des Bescheides fällig, wenn in diesem nicht ein\n"
    "späterer Zeitpunkt bestimmt ist.\n\n"
    "(3) Von der Erhebung der Gebühr kann ganz oder zum Teil abgesehen werden, wenn sie nach Lage des einzelnen\n"
    "Falles unbillig wäre oder ein öffentliches Interesse daran besteht."
)
_TOPICS = (
    "den Friedhof",
    "die Hundesteuer",
    "die Marktordnung",
    "das Archiv",
    "die Bücherei",
    "die Wasserversorgung",
    "den Winterdienst",
    "die Sondernutzung",
)
_DUTIES = (
    "hat die Anlage nach jeder Benutzung in einem sauberen Zustand zu verlassen",
    "muss die Änderung innerhalb von zwei Wochen schriftlich bei der Verwaltung anzeigen",
    "darf das Gelände nur während der Öffnungszeiten und mit einer Erlaubnis betreten",
    "trägt die Kosten, die durch eine verspätete oder unvollständige Anmeldung entstehen",
    "ist von der Zahlung befreit, wenn die Voraussetzungen des Gesetzes vorliegen",
    "soll die Unterlagen bis zum Ende des Jahres bei der zuständigen Stelle einreichen",
)


def section_text(document: int, ordinal: int) -> str:
    """The body of one section: prose that no other section repeats."""
    topic = _TOPICS[(document + ordinal) % len(_TOPICS)]
    first, second = _DUTIES[ordinal % len(_DUTIES)], _DUTIES[(ordinal + document + 1) % len(_DUTIES)]
    return (
        f"(1) Wer nach der Satzung Nummer {document} für {topic} einen Antrag stellt, {first}. Die Frist beginnt\n"
        f"mit dem Tag der Bekanntgabe und endet nach {ordinal + 3} Wochen.\n\n"
        f"(2) Der Bürgermeister der Gemeinde {document} entscheidet über Ausnahmen. Wer eine Ausnahme erhält,\n"
        f"{second}. Die Entscheidung Nummer {document * 100 + ordinal} ist zu begründen und dem Antragsteller\n"
        "bekannt zu geben."
    )


def a_parsed_document(number: int, *, sections: int = 6) -> ParsedDocument:
    """A document as a file reader would give it."""
    title = f"Satzung {number} über {_TOPICS[number % len(_TOPICS)]}"
    parts: list[Section] = []
    text = ""
    for ordinal in range(sections):
        body = section_text(number, ordinal)
        start = len(text)
        text += f"{body}\n\n"
        parts.append(
            Section(
                ordinal=ordinal,
                heading=f"Pflicht {ordinal + 1}",
                text=body,
                start=start,
                end=start + len(body),
                number=f"§ {ordinal + 1}",
                heading_path=(title, f"§ {ordinal + 1} Pflicht {ordinal + 1}"),
                valid_from=date(2020, 1, 1) + timedelta(days=ordinal),
            )
        )
    return ParsedDocument(title, "text/markdown", text, tuple(parts), abbreviation=f"Satz{number}")


def a_candidate(
    text: str = GOOD,
    *,
    document: str = "doc_1",
    ordinal: int = 0,
    path: str = "a.md",
    number: str = "§ 1",
    heading: str = "Gebühren",
    words: int = 100,
    quality: float = 1.0,
    relevance: float = 0.5,
    title: str = "Grünanlagensatzung",
    abbreviation: str = "GrünS",
) -> Candidate:
    """A found section; every argument that a test does not care about has a default."""
    section = Section(ordinal, heading, text, 10, 10 + len(text), number, (title, f"{number} {heading}"))
    stored = StoredSection(
        f"{document}:1:{ordinal}", document, 1, title, abbreviation, source="amt", path=path, section=section
    )
    return Candidate(stored, relevance, words, quality)


def candidates(documents: int, *, sections: int = 6) -> Iterator[Candidate]:
    """Found sections of several documents, one document after the other."""
    for number in range(documents):
        parsed = a_parsed_document(number, sections=sections)
        for section in parsed.sections:
            stored = StoredSection(
                section_id=f"doc_{number}:1:{section.ordinal}",
                document_id=f"doc_{number}",
                version=1,
                document_title=parsed.title,
                abbreviation=parsed.abbreviation,
                source="amt",
                path=f"satzungen/{number}.md",
                section=section,
            )
            yield Candidate(stored, 0.5)
