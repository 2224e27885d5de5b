"""Where one file ends and the next one begins."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.export.sharding import ShardedRecords
from backend.datasets.records.content import json_line


def _file(path: Path, sizes: list[int]) -> Path:
    path.write_text("".join(json_line({"n": n, "x": "x" * size}) + "\n" for n, size in enumerate(sizes)))
    return path


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(20, 500))
def test_shards_hold_all_records_in_order_and_only_a_lone_record_exceeds_the_limit(
    sizes: list[int], limit: int
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        records = ShardedRecords(_file(Path(folder) / "x", sizes), limit_bytes=limit)
        shards = []
        while not records.is_exhausted:
            shards.append(list(records.shard()))

        assert [each["n"] for shard in shards for each in shard] == list(range(len(sizes)))
        assert all(shards)
        for shard in shards:
            size = sum(len(json_line(each)) + 1 for each in shard)
            assert size <= limit or len(shard) == 1
        assert records.size_bytes == (Path(folder) / "x").stat().st_size
