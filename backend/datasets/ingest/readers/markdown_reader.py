"""Markdown with YAML front matter, above all in the shape in which federal laws are published."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext, read_all
from backend.datasets.ingest.decoding import UndecodableBytes, decode
from backend.datasets.ingest.outline import assemble
from backend.datasets.ingest.sections import Heading, Validity
from shared.models.document import ParsedDocument

# the lines before it are a torn title: some published laws begin "Gesetz", "über den Aufenthalt", "---", "Title: und …"
_FRONT_MATTER = re.compile(
    r"\A(?P<lead>(?:[^\s#][^\n]{0,200}\n){0,4}?)---[ \t]*\n(?P<fields>.{0,65536}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
# the commonest front matter, lines of "name: Some words", needs no YAML parser; all that could mean more goes to one
_PLAIN_LINE = re.compile(r"(?:([A-Za-z_]\w*):| ) +([A-Za-zÄÖÜäöüß](?:[\w.,;()/§-]| (?=[^ #]))*)")
_YAML_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+([^\n]*))?$", re.MULTILINE)
_CLOSING_MARKS = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*$", re.MULTILINE)
# "Ausfertigungsdatum\n:   2002-02-15": a definition list
_FACT = re.compile(r"^(\S[^\n]*)\n:[ \t]+(\S[^\n]*(?:\n[ \t]+\S[^\n]*)*)", re.MULTILINE)
_MAX_FACTS = 64
_LAW_KEY = "jurabk"
_TITLE_KEYS = ("title", "titel")
_ABBREVIATION_KEYS = (_LAW_KEY, "abbreviation", "abkuerzung", "abkürzung", "kurztitel")
_FIRST_DAY_KEYS = ("valid_from", "gueltig_ab", "gültig_ab", "in_kraft_ab", "inkrafttreten")
_LAST_DAY_KEYS = ("valid_to", "gueltig_bis", "gültig_bis", "in_kraft_bis", "ausserkrafttreten")


class MarkdownReader(BaseReader):
    """One document per file; front matter and the facts under the title become metadata."""

    media_type = "text/markdown"
    suffixes = (".md", ".markdown")

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """The document, with its ATX headings ("## § 1 …") as the outline."""
        try:
            source = decode(read_all(stream, ctx))
        except UndecodableBytes as exc:
            raise ctx.unreadable(str(exc)) from exc
        fields, text = _split_front_matter(source)
        headings = markdown_headings(text)
        yield assemble(
            ctx,
            text,
            media_type=self.media_type,
            headings=headings,
            title=_text_of(fields, _TITLE_KEYS),
            abbreviation=_text_of(fields, _ABBREVIATION_KEYS),
            metadata=_facts(text, headings) | fields,
            validity=Validity(_day_of(fields, _FIRST_DAY_KEYS), _day_of(fields, _LAST_DAY_KEYS)),
        )


def markdown_headings(text: str) -> list[Heading]:
    """ATX headings outside of fenced code, in order."""
    fenced = _fenced_spans(text) if "```" in text or "~~~" in text else []
    found = []
    # hopping from mark to mark is eight times as fast as trying a pattern on every line
    mark = text.find("#")
    while mark >= 0:
        line_start = text.rfind("\n", max(0, mark - 4), mark) + 1
        match = _HEADING.match(text, line_start) if line_start or mark < 4 else None
        if match and not any(start <= line_start < end for start, end in fenced):
            found.append(Heading(len(match[1]), _words(match[2] or ""), line_start, match.end()))
        line_end = text.find("\n", mark)
        mark = text.find("#", line_end) if line_end >= 0 else -1
    return found


def _words(marked: str) -> str:
    """Words of a heading without closing marks and bold face."""
    plain = _CLOSING_MARKS.sub("", marked) if "#" in marked else marked
    return " ".join(plain.replace("**", "").split())


def _fenced_spans(text: str) -> list[tuple[int, int]]:
    spans = []
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match[1].startswith(opened[1]):
            spans.append((opened.start(), match.end()))
            opened = None
    if opened is not None:
        spans.append((opened.start(), len(text)))
    return spans


def _split_front_matter(source: str) -> tuple[dict[str, Any], str]:
    """Fields with lower-case names, and the rest; what is no YAML mapping stays part of the text."""
    match = _FRONT_MATTER.match(source)
    if match is None:
        return {}, source
    fields = plain_fields(match["fields"])
    if fields is None:
        fields = _yaml_fields(match["fields"])
    if fields is None or (match["lead"] and _LAW_KEY not in fields):
        return {}, source
    lowered = {str(name).lower(): value for name, value in fields.items()}
    if not match["lead"]:
        return lowered, source[match.end() :]
    lowered["title"] = f"{match['lead']} {lowered.get('title') or ''}".replace("\n", " ").strip()
    return lowered, match["lead"] + source[match.end() :]


def plain_fields(front_matter: str) -> dict[str, Any] | None:
    """What YAML makes of lines like `slug: bgb` and their continuations, or None where only YAML can tell."""
    fields: dict[str, Any] = {}
    name = ""
    for line in front_matter.split("\n"):
        match = _PLAIN_LINE.fullmatch(line)
        if match and match[1]:
            name = match[1]
            fields[name] = match[2]
        elif match and name:
            fields[name] += f" {match[2]}"
        elif line:
            return None
        else:
            name = ""
    is_plain = _YAML_WORDS.isdisjoint(str(part).lower() for field in fields.items() for part in field)
    return fields if is_plain else None


def _yaml_fields(front_matter: str) -> dict[Any, Any] | None:
    import yaml

    from shared.utils.yaml_safe import load_yaml

    try:
        fields = load_yaml(front_matter)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _facts(text: str, headings: list[Heading]) -> dict[str, Any]:
    """The definition list between the title and the first section, e.g. {"ausfertigungsdatum": "2002-02-15"}."""
    if headings and headings[0].level == 1:
        end = headings[1].start if len(headings) > 1 else len(text)
    else:
        end = headings[0].start if headings else len(text)
    facts: dict[str, Any] = {}
    for match in _FACT.finditer(text, 0, end):
        name, value = match[1].strip().lower(), " ".join(match[2].split())
        if name not in facts:
            facts[name] = value
        elif isinstance(facts[name], list):
            facts[name].append(value)
        else:
            facts[name] = [facts[name], value]
        if len(facts) == _MAX_FACTS:
            break
    return facts


def _text_of(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(fields[name]) for name in names if isinstance(fields.get(name), str | int | float)), "")


def _day_of(fields: Mapping[str, Any], names: tuple[str, ...]) -> date | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            try:
                return date.fromisoformat(value.strip())
            except ValueError:
                continue
    return None
