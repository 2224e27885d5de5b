"""A stream over a real service, small; `python -m tests.benchmarks dataset_stream` does it with 100,000 records."""

from tests.benchmarks.dataset_stream import measure


def test_a_stream_is_whole_in_order_at_once_and_never_piles_up() -> None:
    figures = measure(2_000, written=1_000, slow_s=1.5)
    stream, first, slow = figures["stream"], figures["first_stream"], figures["slow_reader"]

    assert stream["records"] == stream["distinct"] == 2_000
    assert stream["is_in_order"]
    assert stream["is_complete"]
    assert stream["sha256"] == first["sha256"]
    assert slow["rss_growth_mb"] <= figures["bounds"]["rss_growth_mb"]
