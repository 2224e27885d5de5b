"""What an installation makes records with: its tokenizers, its templates; and whether an order can be met by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.datasets.record_order import RecordOrder
from backend.datasets.records.passages import CharacterLimit, PassageLimit
from backend.datasets.tokens import TokenCounter, UnicodeWordCounter
from backend.datasets.trained_tokens import counter_of, tokenizer_file
from shared.errors import InvalidInput
from shared.models.dataset import RecordFormat

if TYPE_CHECKING:
    from backend.datasets.records.drafting import Drafter
    from backend.datasets.records.templates.template import Template


class NotStreamed(InvalidInput):
    """Records that only a build can make were asked of a stream."""

    code = "not_streamed"

    def __init__(self, asked: str) -> None:
        super().__init__(f"A stream makes no records with {asked}; order a dataset (POST /api/datasets).", asked=asked)


class NothingWrites(InvalidInput):
    """Synthetic records were ordered where no model is configured."""

    code = "no_synthetic_endpoint"

    def __init__(self) -> None:
        super().__init__(
            "Synthetic questions need a model: set CLARA_SYNTHETIC_URL and CLARA_SYNTHETIC_MODEL, or leave 'synthetic' "
            "out of the order.",
            field="synthetic",
        )


@dataclass(frozen=True, slots=True)
class RecordMaking:
    """Means of this installation; templates and tokenizers are loaded when they are used.

    Args:
        templates: Folder of its own templates.
        base_model_roots: Folders in which base models lie.
        has_endpoint: Whether a model is configured that writes questions and answers.
    """

    templates: Path | None = None
    base_model_roots: Sequence[Path] = ()
    has_endpoint: bool = False

    def check(self, order: RecordOrder) -> None:
        """Refuse at once what no build could make.

        Raises:
            InvalidInput: If a tokenizer, a template or a model is not there, or a template cannot be used.
        """
        if order.synthetic is not None and order.synthetic.share > 0 and not self.has_endpoint:
            raise NothingWrites
        tokenizer_file(order.tokenizer, self.base_model_roots)
        self.chosen(order)

    def check_stream(self, order: RecordOrder) -> None:
        """Refuse what a stream cannot make, since it runs in the service and reads every section once.

        Raises:
            InvalidInput: Also as `check`.
        """
        if tokenizer_file(order.tokenizer, self.base_model_roots) is not None:
            raise NotStreamed(f"tokenizer '{order.tokenizer}'")
        if order.max_tokens is not None:
            raise NotStreamed("max_tokens")
        if order.synthetic is not None:
            raise NotStreamed("synthetic")
        if order.record_format is RecordFormat.PREFERENCE:
            raise NotStreamed("record_format 'preference'")
        self.chosen(order)

    def counter(self, order: RecordOrder) -> TokenCounter:
        """Counts the tokens of an order; for worker processes, where it is a trained one."""
        return counter_of(order.tokenizer, self.base_model_roots)

    def limit(self, order: RecordOrder, counter: TokenCounter | None = None) -> PassageLimit:
        """How much of a source one record may hold."""
        if order.max_tokens is None:
            return CharacterLimit(order.max_characters)
        from backend.datasets.records.chunks import TokenLimit

        return TokenLimit(counter or UnicodeWordCounter(), order.max_tokens, order.overlap_tokens)

    def installed(self) -> "Mapping[str, Template]":
        """All templates by name.

        Raises:
            UnusableTemplate: If one of them cannot be used.
        """
        from backend.datasets.records.templates.registry import installed_templates

        return installed_templates(self.templates)

    def chosen(self, order: RecordOrder) -> "Sequence[Template]":
        """Templates of an order; none for records that need none.

        Raises:
            UnknownTemplate: If there is none of a name.
            UnusableTemplate: If one of them cannot be used.
        """
        if not order.record_format.is_asked:
            return ()
        return self.chosen_by_name(order.templates)

    def chosen_by_name(self, names: Iterable[str]) -> "Sequence[Template]":
        """The same by names or kinds; the usual ones where there is no name."""
        from backend.datasets.records.templates.registry import DEFAULT, chosen_templates

        return chosen_templates(tuple(names) or DEFAULT, self.installed())

    def drafter(self, order: RecordOrder) -> "Drafter":
        """Who writes the words of an order from its documents alone."""
        from backend.datasets.records.drafting import drafter_for

        return drafter_for(order.record_format, self.chosen(order))
