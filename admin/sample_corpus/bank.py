"""Reads the clause banks: one YAML file per kind of document, and one that all kinds share.

A paragraph is written as a block of text with one wording per line; lists and slots are blocks
with one item or value per line. This keeps the files free of quoting and easy to extend.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CLAUSES = Path(__file__).parent / "clauses"
COMMON = "common"
FEES = "fees"


@dataclass(frozen=True, slots=True)
class SectionClauses:
    """The wordings of one section: for each paragraph, the texts to choose from."""

    name: str | None
    headings: tuple[str, ...]
    paragraphs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PartClauses:
    """Sections that stand together under one "Abschnitt"."""

    titles: tuple[str, ...]
    sections: tuple[SectionClauses, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Everything that can be said in one kind of document."""

    name: str
    titles: tuple[str, ...]
    abbreviations: tuple[str, ...]
    preambles: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    lists: dict[str, tuple[str, ...]]
    parts: tuple[PartClauses, ...]


@dataclass(frozen=True, slots=True)
class Fee:
    """One row of a table of fees: its name and the texts that may explain it."""

    title: str
    wordings: tuple[str, ...]


def load_kinds() -> tuple[Kind, ...]:
    """Reads every kind, sorted by name so that the order never depends on the file system."""
    common = _read(COMMON)
    names = sorted(path.stem for path in CLAUSES.glob("*.yaml"))
    return tuple(_kind(name, common) for name in names if name not in (COMMON, FEES))


def load_fees() -> tuple[Fee, ...]:
    """Reads the items of the fee tables."""
    rows = _read(FEES)["fees"]
    return tuple(Fee(row["title"], _lines(row["text"])) for row in rows)


def _read(name: str) -> dict[str, Any]:
    text = (CLAUSES / f"{name}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _kind(name: str, common: dict[str, Any]) -> Kind:
    raw = _read(name)
    return Kind(
        name=name,
        titles=_choices(raw["title"]),
        abbreviations=_choices(raw["abbreviation"]),
        preambles=_lines(raw["preamble"] if "preamble" in raw else common["preamble"]),
        slots=_blocks(common["slots"]) | _blocks(raw.get("slots", {})),
        lists=_blocks(common["lists"]) | _blocks(raw.get("lists", {})),
        parts=tuple(_part(part, common["sections"]) for part in raw["parts"]),
    )


def _part(raw: dict[str, Any], shared: dict[str, Any]) -> PartClauses:
    sections = tuple(_section(section, shared) for section in raw["sections"])
    return PartClauses(titles=_choices(raw["title"]), sections=sections)


def _section(raw: dict[str, Any], shared: dict[str, Any]) -> SectionClauses:
    if "include" in raw:
        return _section({"name": raw["include"]} | shared[raw["include"]], shared)
    return SectionClauses(
        name=raw.get("name"),
        headings=_choices(raw["heading"]),
        paragraphs=tuple(_lines(paragraph) for paragraph in raw["paragraphs"]),
    )


def _blocks(raw: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: _lines(block) for name, block in raw.items()}


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def _choices(text: str) -> tuple[str, ...]:
    return tuple(choice.strip() for choice in text.split("|"))
