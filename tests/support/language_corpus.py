"""A corpus of documents in administrative German: sentences put together by a small grammar, always the same ones."""

import random
from collections.abc import Iterator

_WHO = (
    "Die Gemeinde", "Der Antragsteller", "Die Behörde", "Der Eigentümer", "Die Verwaltung", "Der Bürgermeister",
    "Die Friedhofsverwaltung", "Der Hundehalter", "Die Bücherei", "Der Gemeinderat", "Die Bauaufsicht", "Der Mieter",
)  # fmt: skip
_DOES = (
    "erhebt für die Benutzung der öffentlichen Anlagen eine Gebühr",
    "hat die Änderung innerhalb von zwei Wochen schriftlich anzuzeigen",
    "kann die Erlaubnis mit einer Auflage verbinden",
    "entscheidet über den Antrag nach pflichtgemäßem Ermessen",
    "darf das Gelände nur während der Öffnungszeiten betreten",
    "trägt die Kosten des Verfahrens",
    "ist von der Zahlung der Steuer befreit",
    "soll die Unterlagen bis zum Ende des Jahres bei der zuständigen Stelle einreichen",
    "muss den Bescheid mit einer Begründung versehen",
    "führt ein Verzeichnis der erteilten Genehmigungen",
)
_WHEN = (
    "wenn die Voraussetzungen des Gesetzes vorliegen",
    "soweit nicht ein anderes bestimmt ist",
    "sobald der Bescheid bekannt gegeben worden ist",
    "wenn ein öffentliches Interesse daran besteht",
    "soweit die Nutzung über den Gemeingebrauch hinausgeht",
    "sofern der Betroffene nicht widerspricht",
    "nachdem die Frist des § 5 Abs. 2 abgelaufen ist",
    "es sei denn, dass dies nach Lage des einzelnen Falles unbillig wäre",
)


def documents(count: int, *, sections: int = 4, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Name of a document and text of a section, section after section."""
    rng = random.Random(seed)
    for document in range(count):
        for _ in range(sections):
            yield f"document-{seed}-{document}", section(rng)


def section(rng: random.Random) -> str:
    """Five sentences."""
    return " ".join(f"{rng.choice(_WHO)} {rng.choice(_DOES)}, {rng.choice(_WHEN)}." for _ in range(5))
