"""Read canonical records page by page, from where the last page ended."""

import json
import re
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput
from shared.models.dataset import Split

_CURSOR = re.compile(rf"({'|'.join(Split)}):(\d{{1,15}})")


class UnknownCursor(InvalidInput):
    """`after` is not the `next_after` of an earlier page."""

    code = "unknown_cursor"

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"'{asked}' is not a cursor of this dataset; pass `next_after` of the page before.", field="after"
        )


def records_page(
    records_dir: Path, *, split: Split | None = None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` records in stored order, and the cursor of what follows (None at the end).

    Args:
        records_dir: A file for each split.
        split: The only one that is read; None: all of them.
        after: Cursor of the page before; None: the beginning.
        limit: Most records.

    Raises:
        UnknownCursor: If `after` points to no beginning of a record, or into another split.
    """
    order = list(Split) if split is None else [split]
    start, offset = _position(after) if after is not None else (order[0], 0)
    if start not in order:
        raise UnknownCursor(after or "")
    records: list[dict[str, Any]] = []
    for each in order[order.index(start) :]:
        with (records_dir / f"{each.value}.jsonl").open("rb") as stream:
            _go_to(stream, offset, after)
            while line := stream.readline():
                if len(records) == limit:
                    return records, f"{each.value}:{stream.tell() - len(line)}"
                records.append(json.loads(line))
        offset = 0
    return records, None


def _position(after: str) -> tuple[Split, int]:
    found = _CURSOR.fullmatch(after)
    if found is None:
        raise UnknownCursor(after)
    return Split(found[1]), int(found[2])


def _go_to(stream: Any, offset: int, after: str | None) -> None:
    if offset:
        stream.seek(offset - 1)
        if stream.read(1) != b"\n":
            raise UnknownCursor(after or "")
