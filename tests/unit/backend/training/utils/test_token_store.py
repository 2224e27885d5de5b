"""Tokenised records in memory-mapped files."""

from pathlib import Path

import numpy as np

from backend.training.utils.token_store import TokenWriter, open_tokens


def written(folder: Path, *records: tuple[list[int], list[int]]) -> None:
    with TokenWriter(folder, "x") as writer:
        for ids, mask in records:
            writer.add(ids, mask)


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    written(tmp_path, ([5, 6, 7], [0, 1, 1]), ([8, 9], [1, 1]))
    records = open_tokens(tmp_path, "x")
    assert isinstance(records.ids, np.memmap)
    assert [(ids.tolist(), mask.tolist()) for ids, mask in (records[0], records[1])] == [
        ([5, 6, 7], [0, 1, 1]),
        ([8, 9], [0, 1]),
    ]


def test_the_first_token_is_never_trained_since_nothing_precedes_it(tmp_path: Path) -> None:
    written(tmp_path, ([5, 6], [1, 1]))
    assert open_tokens(tmp_path, "x").trained_tokens().tolist() == [1]


def test_truncation_is_counted_and_selection_keeps_records_whole(tmp_path: Path) -> None:
    written(tmp_path, ([1] * 10, [1] * 10), ([2] * 3, [1] * 3), ([3] * 6, [1] * 6))
    records = open_tokens(tmp_path, "x").truncate(5)
    assert (records.truncated, records.lengths.tolist(), records.tokens) == (2, [5, 3, 5], 13)
    chosen = records.select(np.asarray([2, 1]))
    assert [chosen[0][0].tolist(), chosen[1][0].tolist()] == [[3] * 5, [2] * 3]
