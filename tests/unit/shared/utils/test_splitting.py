"""Fixed splits by hash."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.utils.splitting import bucket_of, split_of

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_parts_have_their_shares() -> None:
    counts = Counter(split_of(f"doc-{number}", 42, SHARES) for number in range(20_000))
    assert {name: round(count / 20_000, 1) for name, count in counts.items()} == SHARES


def test_the_split_is_written_in_stone() -> None:
    found = [split_of(name, 42, SHARES) for name in ("bgb.md", "stvo.md", "vwvfg.md", "gg.md")]
    assert found == [split_of(name, 42, dict(SHARES)) for name in ("bgb.md", "stvo.md", "vwvfg.md", "gg.md")]
    assert [bucket_of("bgb.md", 42), bucket_of("Größe", 0)] == [629085, 361629]


@given(group=st.text(), seed=st.integers(0, 2**32), shares=st.sampled_from([SHARES, {"a": 0.0, "b": 1.0}, {"a": 1.0}]))
def test_every_group_has_a_part_with_a_share(group: str, seed: int, shares: dict[str, float]) -> None:
    assert shares[split_of(group, seed, shares)] > 0


def test_another_seed_is_another_split() -> None:
    names = [f"doc-{number}" for number in range(200)]
    assert [split_of(name, 1, SHARES) for name in names] != [split_of(name, 2, SHARES) for name in names]


@pytest.mark.parametrize("shares", [{"a": 0.5}, {"a": 1.5, "b": -0.5}, {}])
def test_shares_that_are_no_division_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        split_of("x", 1, shares)
