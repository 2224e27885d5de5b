"""What a run and its workers say to each other arrives as it was."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.messages import bucket_from, bucket_told, figures_from, figures_told
from backend.datasets.curation.signal_files import encoded

NUMBERS = st.lists(st.tuples(st.integers(0, 2**62), st.floats(width=64)), max_size=8)


def test_a_bucket() -> None:
    bucket = Bucket(3, "aa11", ("doc_1", "doc_2"), 7)

    assert bucket_from(json.loads(json.dumps(bucket_told(bucket)))) == bucket


@given(NUMBERS)
def test_figures_to_the_last_bit(rows: list[tuple[int, float]]) -> None:
    counts = np.array([count for count, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    names = [f"doc_1:1:{n}" for n in range(len(rows))]
    measured = MeasuredSections(names, names, names, counts, counts, {"a": values}, [{"iban": 1} for _ in rows])
    arrived = figures_from(json.loads(json.dumps(figures_told(measured))))

    assert encoded(arrived) == encoded(measured)
    assert arrived.signals["a"].tobytes() == values.tobytes()


def test_half_a_message_is_none() -> None:
    with pytest.raises(KeyError):
        figures_from({"section_ids": []})
