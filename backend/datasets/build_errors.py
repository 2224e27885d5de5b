"""Why a build ends without a dataset."""

from collections.abc import Mapping

from shared.errors import NotFound, Unavailable


class NothingMatched(NotFound):
    """The search behind a dataset found no section."""

    code = "nothing_matched"

    def __init__(self, query_text: str) -> None:
        super().__init__(
            f"Nothing matched '{query_text}'. Ingest documents (`clara ingest PATH`) or widen the query; '*' takes "
            "everything.",
            query_text=query_text,
        )


class NothingKept(NotFound):
    """Sections were found, but quality dropped all of them."""

    code = "nothing_kept"

    def __init__(self, found: int, dropped: Mapping[str, int]) -> None:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
        super().__init__(
            f"All {found} found sections were dropped ({reasons}). Lower min_quality_score or widen the query.",
            found=found,
            dropped=dict(dropped),
        )


class SplitLeak(Unavailable):
    """The finished records were measured, and an earlier split says what a later one does."""

    code = "split_leak"

    def __init__(self, leak: Mapping[str, int]) -> None:
        counted = ", ".join(f"{name}: {count}" for name, count in leak.items())
        super().__init__(
            f"Splits of the finished records share what they must not ({counted}); the dataset was discarded. Nothing "
            "that you can order gets here: please report it with the order. Another seed or another template may do "
            "until it is mended.",
            leak=dict(leak),
        )
