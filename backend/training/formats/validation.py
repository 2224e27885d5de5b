"""Check every row of a data file before anything is trained: which line, which field, why."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from backend.training.formats.base import FieldProblem, Record, RecordShape
from backend.training.formats.registry import installed_shapes, shape_of
from backend.training.formats.rows import Row, read_rows
from shared.errors import InvalidInput

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class BadRow:
    """One thing that is wrong with one row."""

    line: int
    field: str
    reason: str


class InvalidRecords(InvalidInput):
    """Rows that cannot be trained on; `rows` lists the first hundred, `count` says how many problems there are."""

    code = "invalid_records"

    def __init__(self, file_name: str, problems: "Problems") -> None:
        self.problems = problems
        place = "line" if file_name.lower().endswith(".jsonl") else "record"
        first = "; ".join(
            f"{place} {row.line}{', ' + row.field if row.field else ''}: {row.reason}" for row in problems.shown[:3]
        )
        super().__init__(
            f"{file_name} holds {problems.count} problem(s). {first}{' …' if problems.count > 3 else ''}",
            file=file_name,
            count=problems.count,
            rows=problems.rows(),
        )


class EmptyData(InvalidInput):
    """A data file without a single record."""

    code = "empty_data"

    def __init__(self, file_name: str) -> None:
        super().__init__(f"{file_name} holds no records; there is nothing to train on.", file=file_name)


@dataclass(slots=True)
class Problems:
    """All problems counted, the first hundred kept; `untrained` counts records that would train no token."""

    count: int = 0
    untrained: int = 0
    shown: list[BadRow] = field(default_factory=list)

    def add(self, line: int, problem: FieldProblem, *, is_untrained: bool = False) -> None:
        """Count a problem."""
        self.count += 1
        self.untrained += is_untrained
        if len(self.shown) < _SHOWN:
            self.shown.append(BadRow(line, problem.field, problem.reason))

    def rows(self) -> list[dict[str, object]]:
        """The kept ones as JSON."""
        return [asdict(row) for row in self.shown]


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that can be rendered."""

    line: int
    record: Record
    shape: RecordShape


def checked_rows(path: Path, problems: Problems, *, is_mixed: bool = False) -> Iterator[CheckedRow]:
    """Good rows in order; bad ones are counted in `problems`. All rows must have the shape of the first good one.

    Args:
        path: JSONL, JSON, Parquet or CSV.
        problems: Gets what is wrong.
        is_mixed: Whether rows may have any shape that makes as many sequences as the first one.

    Raises:
        TrainFileMissing: If there is no such file.
        UnreadableFile: If the file is damaged as a whole.
    """
    candidates = installed_shapes()
    expected: RecordShape | None = None
    for row in read_rows(path):
        checked = _checked(row, candidates, expected, is_mixed=is_mixed)
        if isinstance(checked, CheckedRow):
            expected = checked.shape
            yield checked
        else:
            for problem in checked:
                problems.add(row.line, problem)


def check_file(path: Path) -> tuple[str, int]:
    """Validate a whole file without a tokenizer, cheap enough for submit.

    Returns:
        Name of the shape and number of records.

    Raises:
        InvalidRecords: If any row is bad.
        EmptyData: If there is no row.
        TrainFileMissing: If there is no such file.
        UnreadableFile: If the file is damaged as a whole.
    """
    problems, count, shape = Problems(), 0, ""
    for row in checked_rows(path, problems):
        count, shape = count + 1, row.shape.name
    if problems.count:
        raise InvalidRecords(path.name, problems)
    if not count:
        raise EmptyData(path.name)
    return shape, count


def _checked(
    row: Row, candidates: list[RecordShape], expected: RecordShape | None, *, is_mixed: bool
) -> CheckedRow | list[FieldProblem]:
    if row.record is None:
        return [FieldProblem("", row.problem)]
    shape = shape_of(row.record, candidates)
    if isinstance(shape, FieldProblem):
        return [shape]
    if expected is not None and not _go_together(shape, expected, is_mixed=is_mixed):
        return [FieldProblem("", f"has the shape {shape.name}, but the file began with {expected.name}")]
    found = shape.problems(row.record)
    return found or CheckedRow(row.line, row.record, shape)


def _go_together(shape: RecordShape, expected: RecordShape, *, is_mixed: bool) -> bool:
    return shape.sequences == expected.sequences if is_mixed else shape is expected
