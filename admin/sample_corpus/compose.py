"""Turns one kind of document and one place into a finished text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from admin.sample_corpus.bank import Kind, SectionClauses
from admin.sample_corpus.document import Document, Paragraph, Part, Section
from admin.sample_corpus.municipality import describe
from admin.sample_corpus.slots import fill

LIST_SLOT = re.compile(r"\{list:(?P<name>\w+)(?::(?P<joint>\w+))?\}$")
REPEALED = "(weggefallen)"
REPEAL_CHANCE = 0.06
OMIT_CHANCE = 0.15
PARTS_CHANCE = 0.5
ALWAYS_KEPT = 2
FEWEST_SECTIONS_WITH_PARTS = 9
FIRST_DAY = date(1996, 1, 8)
SPAN_DAYS = 10_400
MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
    "Oktober", "November", "Dezember",
)  # fmt: skip
TRANSLITERATION = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What the wordings of one document draw from."""

    kind: Kind
    values: Mapping[str, str]
    rng: Random

    def text(self, wordings: tuple[str, ...]) -> str:
        """Chooses one wording and fills its slots."""
        return fill(self.rng.choice(wordings), self.values, self.rng)


def compose(kind: Kind, place: str, rng: Random) -> Document:
    """Draws a document of this kind for this place; the same generator state gives the same."""
    enacted = FIRST_DAY + timedelta(days=rng.randrange(SPAN_DAYS))
    draft = Draft(kind, _values(kind, describe(place, rng), enacted, rng), rng)
    title = draft.text(kind.titles)
    return Document(
        title=title,
        abbreviation=draft.text(kind.abbreviations),
        slug=slugify(f"{kind.name} {place}"),
        enacted=enacted,
        source=fill("{blatt} der {kommune} {ort} {jahr}, S. {n:3-412}", draft.values, rng),
        preamble=draft.text(kind.preambles),
        parts=_parts(draft),
    )


def slugify(text: str) -> str:
    """Spells a name for a file name or an address, without umlauts or spaces."""
    return re.sub(r"[^a-z0-9-]", "", text.lower().translate(TRANSLITERATION))


def spell_date(day: date) -> str:
    """Writes a date the way it is read aloud, for example ``3. April 2009``."""
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def _values(kind: Kind, place: dict[str, str], enacted: date, rng: Random) -> dict[str, str]:
    values = place | {
        "jahr": str(enacted.year),
        "datum": spell_date(enacted),
        "beschlossen": spell_date(enacted - timedelta(days=rng.randint(3, 20))),
        "vorher": spell_date(enacted - timedelta(days=rng.randint(1200, 7000))),
        "kraft": spell_date(date(enacted.year + (enacted.month > 9), enacted.month % 12 + 1, 1)),
    }
    values |= _references(kind)
    for name, choices in kind.slots.items():
        values[name] = rng.choice(choices)
    return values


def _references(kind: Kind) -> dict[str, str]:
    sections = [section for part in kind.parts for section in part.sections]
    return {f"ref.{section.name}": f"§ {number}" for number, section in enumerate(sections, start=1) if section.name}


def _parts(draft: Draft) -> tuple[Part, ...]:
    numbers = iter(range(1, 1000))
    parts = [
        Part(
            draft.text(part.titles),
            tuple(_section(section, next(numbers), draft) for section in part.sections),
        )
        for part in draft.kind.parts
    ]
    sections = tuple(section for part in parts for section in part.sections)
    if len(sections) < FEWEST_SECTIONS_WITH_PARTS or draft.rng.random() >= PARTS_CHANCE:
        return (Part("", sections),)
    return tuple(parts)


def _section(clauses: SectionClauses, number: int, draft: Draft) -> Section:
    if not clauses.name and draft.rng.random() < REPEAL_CHANCE:
        return Section(number, REPEALED, ())
    kept = [
        wordings
        for position, wordings in enumerate(clauses.paragraphs)
        if position < ALWAYS_KEPT or draft.rng.random() >= OMIT_CHANCE
    ]
    paragraphs = tuple(_paragraph(draft.rng.choice(wordings), draft) for wordings in kept)
    return Section(number, draft.text(clauses.headings), paragraphs)


def _paragraph(wording: str, draft: Draft) -> Paragraph:
    found = LIST_SLOT.search(wording)
    if not found:
        return Paragraph(fill(wording, draft.values, draft.rng))
    text = fill(wording[: found.start()], draft.values, draft.rng)
    return Paragraph(text, _items(found["name"], found["joint"] or "und", draft))


def _items(name: str, joint: str, draft: Draft) -> tuple[str, ...]:
    choices = draft.kind.lists[name]
    fewest = min(3, len(choices))
    count = draft.rng.randint(fewest, max(fewest, len(choices) - 2))
    positions = sorted(draft.rng.sample(range(len(choices)), count))
    items = [fill(f"·{choices[p]}", draft.values, draft.rng)[1:] for p in positions]
    ends = [","] * (count - 2) + [f" {joint}", "."]
    return tuple(item + end for item, end in zip(items, ends[-count:], strict=True))
