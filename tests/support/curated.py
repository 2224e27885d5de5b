"""Registered documents of known quality, and a curation over them."""

from pathlib import Path
from typing import Any

from backend.datasets.curation.executors import SerialExecutor
from backend.datasets.curation.measuring import Measurer
from backend.datasets.curation.run import Curation
from backend.datasets.quality.pipeline import QualityPipeline
from shared.database.base import DocumentInput
from shared.database.stores import Stores
from shared.models.document import ParsedDocument, Section

PROSE = (
    "Die Gebühr für die Nutzung der Halle wird nach der Dauer der Nutzung bemessen und ist vor der Veranstaltung bei "
    "der Stadtkasse zu entrichten; auf Antrag kann sie in Raten gezahlt werden, wenn dies aus Gründen der Billigkeit "
    "geboten ist."
)
FIGURES = "\n".join(f"{n},50 {n * 7},20 {n * 13},90 {n * 3},10 {n * 5},40" for n in range(11, 31))
COSTLY = (
    "Die Gebühr beträgt nach der Größe 12,50 oder 13,70, in den übrigen Fällen 15,80, 16,90 und 17,20. "
    "Der Rat hat es am 12.10.2024 so beschlossen, Drucksache 2024/17."
)


def a_law(path: str, *texts: str, content: str = "v1") -> DocumentInput:
    """A document with these texts as its sections."""
    sections, start = [], 0
    for ordinal, text in enumerate(texts):
        sections.append(Section(ordinal, f"Zweck {ordinal}", text, start, start + len(text), f"§ {ordinal + 1}"))
        start += len(text) + 1
    parsed = ParsedDocument(f"Satzung {path}", "text/markdown", "\n".join(texts), tuple(sections), "HStS")
    return DocumentInput(parsed, "satzungen", path, f"{content:0>64}", start, "anna@amt.example")


def different_prose(count: int) -> list[str]:
    """Good texts of which no two are near duplicates."""
    subjects = ("Hund", "Wagen", "Garten", "Graben", "Markt", "Friedhof", "Hafen", "Wald", "Kanal", "Platz")
    places = ("an der Brücke", "im Rathaus", "vor dem Tor", "auf dem Hof", "bei der Mühle", "in der Halle", "am Ufer")
    return [
        f"Wer einen {subjects[n % 10]} {places[n % 7]} nutzt, hat dies dem Amt {n} binnen {n + 2} Tagen anzuzeigen und "
        f"die Unterlagen Nummer {n * 3} für den {subjects[(n // 10) % 10]} {places[(n // 7) % 7]} beizufügen; über den "
        f"Antrag entscheidet die Behörde nach {n + 5} Wochen, soweit nicht durch Satzung {n * 11} etwas anderes "
        "bestimmt ist."
        for n in range(count)
    ]


def a_curation(stores: Stores, folder: Path, **pipeline: Any) -> Curation:
    """Measures in this process."""
    judge = QualityPipeline(**pipeline)
    return Curation(
        stores.documents,
        stores.reviews,
        folder,
        judge,
        lambda files: SerialExecutor(Measurer(stores.documents, judge).measured, files),
    )


def silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody is told."""
