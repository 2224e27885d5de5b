"""Why there is no dataset of a search."""

from collections.abc import Mapping

from shared.errors import NotFound


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
