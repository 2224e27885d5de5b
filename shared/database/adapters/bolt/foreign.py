"""Questions to a graph that is not ours: a label, properties of a mapping, words by `CONTAINS`, no writes."""

import re
from collections.abc import Mapping
from typing import Any

from shared.database.adapters.bolt.link import Statements
from shared.database.adapters.bolt.rows import sendable
from shared.database.citations import folded
from shared.database.uds3.foreign import FieldMapping
from shared.errors import InvalidInput
from shared.models.search import SearchFilters

MAX_HITS = 1_000  # each carries its text
_MAX_WORDS = 32
_SHORT = 4
_WORD = re.compile(r"\w+")
# a backslash would be an escape even between backticks
_NAME = re.compile(r"[^\W\d][\w .:/-]{0,199}")
_SEARCHED = ("text", "heading", "title", "number", "abbreviation")
_SAMPLE = "MATCH (n:{label}) RETURN n.{id} IS NOT NULL, n.{text} IS NOT NULL LIMIT 1"
_MATCHING = """
MATCH (n:{label}) WHERE {conditions}
WITH n, replace(toLower({body}), 'ß', 'ss') AS body
WITH n, reduce(score = 0, word IN $words | score + CASE WHEN body CONTAINS word THEN size(word) ELSE 0 END) AS score
WHERE score > 0
RETURN score, {columns} ORDER BY score DESC, toString(n.{id}) LIMIT $limit
"""


class InvalidGraphName(InvalidInput):
    """A label or a property in the settings cannot be one."""

    code = "invalid_graph_name"

    def __init__(self, source: str, name: str) -> None:
        super().__init__(
            f"The source '{source}' names the label or property {name!r}. Such a name begins with a letter and holds "
            "letters, digits, spaces and any of _ . : / -, at most 200 characters; correct it in the settings.",
            source=source,
            name=name,
        )


class ForeignGraph:
    """Statements on nodes of one label.

    Args:
        source: Name of the source, for messages.
        label: Of the nodes that are searched.
        mapping: Which of their properties means what.

    Raises:
        InvalidGraphName: If a name cannot be one.
    """

    def __init__(self, source: str, label: str, mapping: FieldMapping) -> None:
        self._label = _quoted(source, label)
        self._names = {meaning: _quoted(source, name) for meaning, name in mapping.named().items()}
        if "id" not in self._names or "text" not in self._names:
            raise InvalidGraphName(source, "")

    async def sample(self, statements: Statements) -> str:
        """Empty, or what is missing in the graph."""
        text = _SAMPLE.format(label=self._label, id=self._names["id"], text=self._names["text"])
        rows = await statements.rows(text)
        if not rows:
            return f"it has no node with the label {self._label}"
        missing = [self._names[name] for name, has in zip(("id", "text"), rows[0], strict=True) if not has]
        return f"nodes with the label {self._label} lack the property {' and '.join(missing)}" if missing else ""

    async def matching(
        self, statements: Statements, words: list[str], filters: SearchFilters, limit: int
    ) -> list[tuple[float, Mapping[str, Any]]]:
        """Scores and rows (meaning -> value) of nodes that hold any of the words, best first, ties by id."""
        conditions, parameters = self._filtered(filters)
        text = _MATCHING.format(
            label=self._label,
            conditions=" AND ".join(conditions),
            body=" + ' ' + ".join(f"coalesce(n.{self._names[m]}, '')" for m in _SEARCHED if m in self._names),
            columns=", ".join(f"n.{name} AS {meaning}" for meaning, name in self._names.items()),
            id=self._names["id"],
        )
        rows = await statements.rows(text, {**parameters, "words": words, "limit": min(limit, MAX_HITS)})
        return [(float(row[0]), dict(zip(self._names, row[1:], strict=True))) for row in rows]

    def _filtered(self, filters: SearchFilters) -> tuple[list[str], dict[str, Any]]:
        """Conditions on `n` and their parameters; days and moments may be kept as such or as ISO text."""
        conditions = [f"n.{self._names[name]} IS NOT NULL" for name in ("id", "text")]
        parameters: dict[str, Any] = {}
        for name, chosen in (("media_type", filters.media_type), ("abbreviation", filters.abbreviation)):
            if chosen:
                conditions.append(f"n.{self._names[name]} IN ${name}")
                parameters[name] = [sendable(value) for value in chosen]
        if filters.valid_on:
            parameters["valid_on"] = filters.valid_on.isoformat()
            for name, order in (("valid_from", "<="), ("valid_to", ">=")):
                if name in self._names:
                    day = f"n.{self._names[name]}"
                    conditions.append(f"({day} IS NULL OR substring(toString({day}), 0, 10) {order} $valid_on)")
        for name, moment, order in (
            ("ingested_from", filters.ingested_from, ">="),
            ("ingested_until", filters.ingested_until, "<"),
        ):
            if moment:
                parameters[name] = moment.isoformat()
                registered = f"datetime(toString(n.{self._names['ingested_at']}))"
                conditions.append(f"{registered} {order} datetime(${name})")
        return conditions, parameters


def search_words(query: str) -> list[str]:
    """Words to look for, each once: the longest first, short ones only where there is nothing else."""
    words = dict.fromkeys(_WORD.findall(folded(query).lower()))
    long = [word for word in words if len(word) >= _SHORT]
    return sorted(long or words, key=len, reverse=True)[:_MAX_WORDS]


def _quoted(source: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidGraphName(source, name)
    return f"`{name}`"
