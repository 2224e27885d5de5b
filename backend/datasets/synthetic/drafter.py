"""Synthetic records beside those of the templates: in train only, and never more than the share that is asked for.

Which passages are asked about depends on nothing but their ids, so that the same order asks the same questions, however
many are under way at once. What would exceed the share is left out and counted; which ones these are depends on the
records before them, so a higher threshold of quality may let another one in.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafting import NO_TEMPLATE, KeptPassage, TemplateDrafter
from backend.datasets.records.drafts import Draft
from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.render import record_id_of, reference_of
from backend.datasets.records.templates.base import Source
from backend.datasets.synthetic.asking import Questioner
from shared.models.dataset import Split
from shared.utils.splitting import bucket_of

_BUCKETS = 1_000_000
_SEED = 35
_AHEAD = 16
"""Passages, per request at once, that are looked at before the oldest one must be answered."""

_Waiting = tuple[KeptPassage, "Future[Draft | None] | None"]


class SyntheticDrafter:
    """Adds a model's questions to those of templates.

    Args:
        templates: Makes the others.
        questioner: Asks the model.
        share: Of the records of train that are synthetic, at most; below 1.
        concurrency: Requests at once.
    """

    reason = NO_TEMPLATE
    is_whole = False

    def __init__(self, templates: TemplateDrafter, questioner: Questioner, *, share: float, concurrency: int) -> None:
        self._templates = templates
        self._questioner = questioner
        self._share = share
        self._concurrency = concurrency
        self._others = 0
        self._kept = 0
        self._over_share = 0

    def begin(self, found: Iterable[Candidate]) -> None:
        """Needs no look."""

    def drafts(self, treated: TreatedPassage) -> Sequence[Draft]:
        """What templates make of a passage."""
        return self._templates.drafts(treated)

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """Every passage in its order with what templates make of it and, perhaps, what the model was asked.

        Raises:
            SyntheticFailed: If the endpoint does not answer.
        """
        waiting: deque[_Waiting] = deque()
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="synthetic")
        try:
            for each in kept:
                waiting.append((each, pool.submit(self._ask, each) if self._is_asked(each) else None))
                if len(waiting) > _AHEAD * self._concurrency:
                    yield self._finished(*waiting.popleft())
            while waiting:
                yield self._finished(*waiting.popleft())
        finally:
            # whoever stops reading waits for what is under way, not for what is not
            pool.shutdown(cancel_futures=True)

    def parameters(self) -> Mapping[str, Any]:
        """The templates, and who is asked what and how often."""
        return {**self._templates.parameters(), "synthetic": {**self._questioner.asks, "share": self._share}}

    def statistics(self, written: Mapping[str, int]) -> Mapping[str, Any]:
        """What the templates made and what came of the questions."""
        asked = {**self._questioner.as_json(), "kept": self._kept, "over_share": self._over_share}
        return {**self._templates.statistics(written), "questions": {"share_limit": self._share, **asked}}

    def _is_asked(self, kept: KeptPassage) -> bool:
        rate = min(1.0, self._share / (1 - self._share))
        return kept.split is Split.TRAIN and bucket_of(record_id_of(kept.treated.passage), _SEED) < rate * _BUCKETS

    def _ask(self, kept: KeptPassage) -> Draft | None:
        passage = kept.treated.passage
        text = Source(passage, kept.treated.bodies).body
        return self._questioner.draft(passage.first.stored.document_id, reference_of(passage), text)

    def _finished(
        self, kept: KeptPassage, future: "Future[Draft | None] | None"
    ) -> tuple[KeptPassage, Sequence[Draft]]:
        drafts = self._templates.drafts(kept.treated)
        if kept.split is not Split.TRAIN:
            return kept, drafts
        self._others += len(drafts)
        synthetic = future.result() if future else None
        if synthetic is None:
            return kept, drafts
        if self._kept + 1 > self._share * (self._others + self._kept + 1):
            self._over_share += 1
            return kept, drafts
        self._kept += 1
        return kept, sorted([*drafts, synthetic], key=lambda each: (each.template, each.number))
