"""One row of a data file, and what is raised about a file as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.training.formats.base import kind_of
from shared.errors import InvalidInput, NotFound


class TrainFileMissing(NotFound):
    """The file to train on is not there."""

    code = "train_file_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The data file {path} does not exist.", path=str(path))


class UnreadableFile(InvalidInput):
    """A data file of an unknown kind, or one that is not what its name says."""

    code = "unreadable_data_file"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name} cannot be read as training data: {reason}.", path=path.name, reason=reason)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Args:
        line: 1, 2, 3 … in a JSONL file; number of the record in the other formats.
        record: Its fields, None if the row cannot be read.
        problem: Why it cannot be read.
    """

    line: int
    record: Mapping[str, Any] | None
    problem: str = ""


def as_row(line: int, content: object) -> Row:
    """The row that a JSON value makes."""
    if not isinstance(content, dict):
        return Row(line, None, f"must be an object with fields, found {kind_of(content)}")
    return Row(line, content)
