"""How a text goes on: its first half, cut between two sentences, and the rest."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from backend.datasets.language.sentences import sentences
from backend.datasets.records.templates.base import BaseKind, Source

LEAST_CHARACTERS = 80
"""Of either half: less says nothing about how to go on."""


class CompletionKind(BaseKind):
    """The document's own continuation."""

    name = "completion"
    slots = frozenset({"beginning", "rest"})

    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """One, where two sentences lie so that both halves are long enough."""
        if not source.is_single:
            return
        body = source.body
        spans = sentences(body)
        cuts = [(before.end, after.start) for before, after in pairwise(spans)]
        fitting = [cut for cut in cuts if cut[0] >= LEAST_CHARACTERS and len(body) - cut[1] >= LEAST_CHARACTERS]
        if fitting:
            end, start = min(fitting, key=lambda cut: abs(cut[0] + cut[1] - len(body)))
            yield {"beginning": body[:end], "rest": body[start:]}
