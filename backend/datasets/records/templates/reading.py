"""A template file: safe YAML with limits, checked to the last slot, refused with its line."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from backend.datasets.records.templates.base import COMMON_SLOTS, BaseKind
from backend.datasets.records.templates.slots import BadSlot, check_slots
from backend.datasets.records.templates.template import Conditions, Template
from shared.errors import InvalidInput
from shared.models.dataset import RecordFormat
from shared.utils.nearest import nearest
from shared.utils.yaml_safe import load_yaml, yaml_reason

MOST_BYTES = 64 << 10
NAME = r"^[a-z][a-z0-9_]{1,39}$"
_Wording = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
_Heading = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class UnusableTemplate(InvalidInput):
    """A template file cannot be used; says which one, where, and why."""

    code = "unusable_template"

    def __init__(self, file: str, reason: str, *, line: int | None = None) -> None:
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"Template {place}: {reason}.", file=file, line=line, reason=reason)


class _When(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    numbered: bool | None = None
    headed: bool | None = None
    whole: bool | None = None
    spans: bool | None = None
    headings: list[_Heading] = Field(default_factory=list, max_length=100)
    min_characters: int = Field(0, ge=0, le=1_000_000)
    max_characters: int | None = Field(None, ge=1, le=1_000_000)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, StringConstraints(pattern=NAME)]
    version: int = Field(ge=1, le=1_000_000)
    kind: str
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "de"
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    shapes: list[str] | None = Field(None, min_length=1, max_length=10)
    when: _When = Field(default_factory=_When)
    questions: list[_Wording] = Field(min_length=1, max_length=50)
    context: Annotated[str, StringConstraints(max_length=4_000)] = ""
    answer: _Wording


def read_template(path: Path, kinds: Mapping[str, BaseKind], *, is_built_in: bool) -> Template:
    """The template of a file.

    Raises:
        UnusableTemplate: If it cannot be read, is no YAML, or does not fit.
    """
    raw = _bytes_of(path)
    content, lines = _yaml_of(path.name, raw)
    try:
        file = _File.model_validate(content)
    except ValidationError as exc:
        first = exc.errors()[0]
        loc = first["loc"]
        named = ".".join(str(part) for part in loc)
        raise UnusableTemplate(path.name, f"{named}: {first['msg']}", line=_line(lines, loc)) from exc
    if file.name in kinds:
        # an order that names it must mean one thing
        raise UnusableTemplate(path.name, f"name: '{file.name}' is a kind of templates", line=_line(lines, ("name",)))
    kind = _kind_of(path.name, file, kinds, lines)
    _check_slots(path.name, file, kind, lines)
    return Template(
        name=file.name,
        version=file.version,
        kind=kind,
        language=file.language,
        description=file.description,
        questions=tuple(file.questions),
        context=file.context,
        answer=file.answer,
        conditions=Conditions(**{**file.when.model_dump(), "headings": tuple(file.when.headings)}),
        shapes=_shapes_of(path.name, file, lines),
        sha256=hashlib.sha256(raw).hexdigest(),
        is_built_in=is_built_in,
    )


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as exc:
        raise UnusableTemplate(path.name, exc.strerror or str(exc)) from exc
    if len(raw) > MOST_BYTES:
        raise UnusableTemplate(path.name, f"it is larger than {MOST_BYTES >> 10} KiB")
    return raw


def _yaml_of(name: str, raw: bytes) -> tuple[Any, Mapping[tuple[Any, ...], int]]:
    """What a file says, and the line of each of its places."""
    try:
        text = raw.decode("utf-8")
        content = load_yaml(text, names_once=True)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return content, dict(_lines(node, ()))
    except UnicodeDecodeError as exc:
        raise UnusableTemplate(name, "it is no UTF-8 text") from exc
    except (yaml.YAMLError, RecursionError) as exc:
        reason = yaml_reason(exc) if isinstance(exc, yaml.YAMLError) else "it is nested too deeply"
        mark = getattr(exc, "problem_mark", None)
        raise UnusableTemplate(name, f"it is no YAML ({reason})", line=mark and mark.line + 1) from exc


def _lines(node: yaml.Node | None, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*place, number))


def _line(lines: Mapping[tuple[Any, ...], int], place: Sequence[Any]) -> int | None:
    """Line of a place, or of what it should stand in."""
    known = tuple(place)
    while known and known not in lines:
        known = known[:-1]
    return lines.get(known)


def _kind_of(name: str, file: _File, kinds: Mapping[str, BaseKind], lines: Mapping[tuple[Any, ...], int]) -> BaseKind:
    if file.kind in kinds:
        return kinds[file.kind]
    guess = nearest(file.kind, list(kinds))
    hint = f"; did you mean '{guess}'" if guess else ""
    reason = f"kind: '{file.kind}' is none of {', '.join(kinds)}{hint}"
    raise UnusableTemplate(name, reason, line=_line(lines, ("kind",)))


def _shapes_of(name: str, file: _File, lines: Mapping[tuple[Any, ...], int]) -> frozenset[RecordFormat]:
    possible = {each.value: each for each in RecordFormat if each.is_asked}
    for number, asked in enumerate(file.shapes or ()):
        if asked not in possible:
            reason = f"shapes: '{asked}' is none of {', '.join(possible)}"
            raise UnusableTemplate(name, reason, line=_line(lines, ("shapes", number)))
    return frozenset(possible[each] for each in file.shapes or possible)


def _check_slots(name: str, file: _File, kind: BaseKind, lines: Mapping[tuple[Any, ...], int]) -> None:
    texts: list[tuple[tuple[Any, ...], str]] = [
        *((("questions", number), wording) for number, wording in enumerate(file.questions)),
        (("context",), file.context),
        (("answer",), file.answer),
    ]
    for place, text in texts:
        try:
            check_slots(text, COMMON_SLOTS | kind.slots)
        except BadSlot as exc:
            named = ".".join(str(part) for part in place)
            raise UnusableTemplate(name, f"{named}: {exc}", line=_line(lines, place)) from exc
