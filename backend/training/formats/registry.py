"""Which record shapes are installed, and which one a record has."""

from backend.training.formats import shapes
from backend.training.formats.base import FieldProblem, Record, RecordShape
from backend.training.formats.readers.strict_json import shortened
from shared.utils.discovery import classes_in


def installed_shapes() -> list[RecordShape]:
    """One instance of every shape, ordered by name."""
    found = [cls() for cls in classes_in(shapes, RecordShape)]  # type: ignore[type-abstract]  # mypy#4717
    return sorted(found, key=lambda shape: shape.name)


def shape_of(record: Record, candidates: list[RecordShape]) -> RecordShape | FieldProblem:
    """The one shape the record has, or what keeps it from having one.

    Published files carry more columns than a shape has: a shape that is begun only yields to one that is complete, one
    whose fields are part of another's to that other one, and `text` to a shape of several fields, which it repeats
    written out (as in the Alpaca set). Whatever else fits twice is refused: one of the two would silently not count.
    """
    matching = [shape for shape in candidates if shape.matches(record)]
    outranked = {name for shape in matching for name in shape.outranks}
    matching = [shape for shape in matching if shape.name not in outranked]
    if len(matching) == 1:
        return matching[0]
    if matching:
        fitting = _most_specific(record, matching)
        names = " and ".join(shape.keys[0] for shape in matching)
        return fitting or FieldProblem("", f"has {names}; a record has only one of them, so remove the others")
    expected = "; ".join(" + ".join(shape.keys) for shape in candidates)
    found = ", ".join(sorted(shortened(str(key)) for key in record)[:10]) or "nothing"
    return FieldProblem("", f"has none of the known shapes ({expected}); its fields are: {found}")


def _most_specific(record: Record, matching: list[RecordShape]) -> RecordShape | None:
    claims = [shape for shape in matching if shape.is_complete(record)] or matching
    others = [shape for shape in claims if not shape.repeats_others]
    widest = [shape for shape in others if not any(set(shape.keys) < set(other.keys) for other in others)]
    if len(widest) != 1:
        return None
    is_repeated = len(widest[0].keys) > 1 or not any(shape.repeats_others for shape in matching)
    return widest[0] if is_repeated else None
