"""What the source itself says in short: its heading, or a section that is a summary (a headnote)."""

from collections.abc import Iterator, Mapping

from backend.datasets.records.templates.base import BaseKind, Source


class SummaryKind(BaseKind):
    """Never written by us: a template says in its conditions which headings make a section a summary."""

    name = "summary"
    slots = frozenset({"body"})

    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """One of a whole section; a part is not what its heading sums up."""
        if source.is_single and source.passage.parts == 1:
            yield {"body": source.body}
