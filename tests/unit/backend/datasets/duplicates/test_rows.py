"""Rows of texts in a file."""

import io

import numpy as np

from backend.datasets.duplicates.rows import ROW, Rows


def _filled(count: int, *, batch: int) -> Rows:
    rows = Rows(io.BytesIO())
    for start in range(0, count, batch):
        made = np.zeros(min(batch, count - start), dtype=ROW)
        made["length"] = np.arange(start, start + len(made))
        made["bands"][:, 3] = made["length"] * 7
        rows.append(made)
    return rows


def test_rows_come_back_in_the_order_in_which_they_are_asked_for() -> None:
    rows = _filled(2_005, batch=1_000)

    taken = rows.take(np.array([999, 0, 1_000, 2_004]))

    assert len(rows) == 2_005
    assert taken["length"].tolist() == [999, 0, 1_000, 2_004]
    assert taken["bands"][:, 3].tolist() == [6_993, 0, 7_000, 14_028]


def test_no_rows_are_taken_of_none() -> None:
    rows = Rows(io.BytesIO())

    assert len(rows.take(np.empty(0, np.int64))) == len(rows) == 0
