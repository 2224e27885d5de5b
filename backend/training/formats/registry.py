"""Which record shapes are installed, and which one a record has."""

from backend.training.formats import shapes
from backend.training.formats.base import FieldProblem, Record, RecordShape
from shared.utils.discovery import classes_in


def installed_shapes() -> list[RecordShape]:
    """One instance of every shape, ordered by name."""
    found = [cls() for cls in classes_in(shapes, RecordShape)]  # type: ignore[type-abstract]  # mypy#4717
    return sorted(found, key=lambda shape: shape.name)


def shape_of(record: Record, candidates: list[RecordShape]) -> RecordShape | FieldProblem:
    """The one shape the record has, or what keeps it from having one."""
    matching = [shape for shape in candidates if shape.matches(record)]
    outranked = {name for shape in matching for name in shape.outranks}
    matching = [shape for shape in matching if shape.name not in outranked]
    if len(matching) == 1:
        return matching[0]
    if matching:
        return FieldProblem(
            "", f"has {' and '.join(shape.keys[0] for shape in matching)}; a record has only one of them"
        )
    expected = "; ".join(" + ".join(shape.keys) for shape in candidates)
    found = ", ".join(sorted(str(key) for key in record)[:10]) or "nothing"
    return FieldProblem("", f"has none of the known shapes ({expected}); its fields are: {found}")
