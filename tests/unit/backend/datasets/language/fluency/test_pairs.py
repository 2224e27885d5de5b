import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.language.fluency.pairs import PairTable

_KEYS = st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=200)


@given(_KEYS, _KEYS)
def test_a_table_finds_its_keys_and_no_others(kept: list[int], asked: list[int]) -> None:
    keys = np.array(kept, dtype=np.uint64)
    table = PairTable.of(keys, np.arange(len(kept), dtype=np.float16))
    values = np.full(len(kept) + len(asked), -1, dtype=np.float32)
    table.replace_known(np.array(kept + asked, dtype=np.uint64), values)
    expected = {key: float(place) for place, key in enumerate(kept)}
    assert values.tolist() == [expected.get(key, -1.0) for key in kept + asked]


def test_a_large_table_is_at_most_half_full() -> None:
    keys = np.arange(10_000, dtype=np.uint64) << np.uint64(32)
    table = PairTable.of(keys, np.ones(10_000, dtype=np.float16))
    assert np.count_nonzero(table.marks) == 10_000
    assert len(table.marks) == 1 << 15
