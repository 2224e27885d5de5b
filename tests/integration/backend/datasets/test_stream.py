"""A stream over a real service, small; `python -m tests.benchmarks dataset_stream` does it with 100,000 records."""

from tests.benchmarks.dataset_stream import measure


def test_a_stream_is_whole_in_order_at_once_and_never_piles_up() -> None:
    figures = measure(2_000, written=1_000, slow_s=1.5)
    stream, made, slow = figures["stream"], figures["stream_of_another_seed"], figures["slow_reader"]

    for each in (stream, made):
        assert each["records"] == each["distinct"] == 2_000
        assert each["is_in_order"]
        assert each["is_complete"]
    assert slow["rss_growth_mb"] <= figures["bounds"]["rss_growth_mb"]
