"""Rows of texts in a file."""

import io

import numpy as np

from backend.datasets.duplicates import rows as rows_module
from backend.datasets.duplicates.rows import ROW, Rows


def _filled(count: int, *, batch: int) -> Rows:
    rows = Rows(io.BytesIO())
    for start in range(0, count, batch):
        made = np.zeros(min(batch, count - start), dtype=ROW)
        made["identity"] = np.arange(start, start + len(made))
        made["bands"][:, 3] = made["identity"] * 7
        rows.append(made)
    return rows


def test_columns_and_rows_come_back_over_all_chunks() -> None:
    count = 2 * rows_module._AT_ONCE + 5
    rows = _filled(count, batch=1000)
    wanted = np.array([0, 999, 1000, rows_module._AT_ONCE - 1, rows_module._AT_ONCE, count - 1])

    assert len(rows) == count
    assert rows.column("identity").tolist() == list(range(count))
    assert rows.column("bands", 3).tolist() == [7 * number for number in range(count)]
    assert rows.take(wanted, ["identity"])["identity"].tolist() == wanted.tolist()


def test_no_rows_have_empty_columns() -> None:
    rows = Rows(io.BytesIO())

    assert len(rows.column("body", 0)) == len(rows.take(np.empty(0, np.int64), ["body"])) == len(rows) == 0
