"""Found sections for people: what they are, why they were found, and the words that matched."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frontend.cli import formats

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client.found import FoundSection

_WORD = re.compile(r"[^\W_]+")
_LEAST_LETTERS = 3
_STEM_LETTERS = 5


def drawn_hits(sections: "Sequence[FoundSection]", query: str) -> "RenderableType":
    """One block per section: rank, name and score, where it stands, its text."""
    blocks: list[RenderableType] = []
    for section in sections:
        head = Table.grid(padding=(0, 1), expand=True)
        head.add_column(justify="right", min_width=3)
        head.add_column(ratio=1)
        head.add_column(justify="right")
        name = Text(_name(section), style="bold")
        head.add_row(Text(str(section.rank)), name, Text(formats.number(section.relevance_score), style="cyan"))
        below = Group(Text(_why(section), style="dim"), highlighted(section.snippet or section.text[:240], query))
        blocks += [head, Padding(below, (0, 0, 1, 4))]
    return Group(*blocks)


def highlighted(snippet: str, query: str) -> Text:
    """The snippet with its words in bold that begin like a word of the query, as inflected German words do."""
    wanted = {word[:_STEM_LETTERS] for word in _WORD.findall(query.lower()) if len(word) >= _LEAST_LETTERS}
    drawn = Text(" ".join(snippet.split()))
    for match in _WORD.finditer(drawn.plain):
        if match[0].lower()[:_STEM_LETTERS] in wanted:
            drawn.stylize("bold yellow", match.start(), match.end())
    return drawn


def _name(section: "FoundSection") -> str:
    cited = " ".join(part for part in (section.section_number, section.abbreviation or section.title) if part)
    return " · ".join(part for part in (cited, section.heading) if part) or section.section_id


def _why(section: "FoundSection") -> str:
    places = ", ".join(
        f"{name} {place.rank} ({formats.number(place.score)}, {place.store})" for name, place in section.lists.items()
    )
    return " · ".join(part for part in (f"{section.source}/{section.path}", section.document_id, places) if part)
