"""What a section says: the question for its wording."""

from collections.abc import Iterator, Mapping

from backend.datasets.records.templates.base import BaseKind, Source


class QuestionKind(BaseKind):
    """Answered with the whole wording of the passage."""

    name = "question"
    slots = frozenset({"body"})

    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """One, of every passage."""
        yield {"body": source.body}
