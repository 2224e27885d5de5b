"""What people do with texts that quality doubts: look at them, keep or reject them; also a text that nobody doubted."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.datasets.quality.normalise import normalise
from shared.auth.audit import audit_entry
from shared.database.base import DocumentStore, Page
from shared.database.review_store import ReviewStore
from shared.errors import NotFound
from shared.models.document import StoredSection
from shared.models.review import Doubt, Review, ReviewState, Ruling, text_key_of
from shared.models.users import Principal

if TYPE_CHECKING:
    from backend.datasets.quality.pipeline import QualityPipeline

logger = logging.getLogger(__name__)


class SectionNotFound(NotFound):
    """No registered document has this section."""

    code = "section_not_found"

    def __init__(self, section_id: str) -> None:
        super().__init__(
            f"There is no section '{section_id}'. `clara quality explain DOCUMENT` lists the sections of a document.",
            section_id=section_id,
        )


@dataclass(frozen=True, slots=True)
class ReviewedText:
    """A review with the place where the text was found.

    Args:
        section: None once that version of the document is gone.
    """

    review: Review
    section: StoredSection | None

    @property
    def text(self) -> str | None:
        """The text as it was judged, normalised; None once it is gone."""
        return normalise(self.section.section.text) if self.section else None


@dataclass(frozen=True, slots=True)
class RulingOrder:
    """What a person decides, and who and in which request.

    Args:
        state: `kept` or `rejected`.
        note: Why, in their own words.
    """

    state: ReviewState
    principal: Principal
    note: str = ""
    request_id: str | None = None


class ReviewDesk:
    """The use cases of quality reviews.

    Args:
        documents: Truth of documents.
        reviews: Doubts and rulings.
        quality: Gives the pipeline that judges a text that was never doubted.
    """

    def __init__(
        self, documents: DocumentStore, reviews: ReviewStore, quality: "Callable[[], QualityPipeline]"
    ) -> None:
        self._documents = documents
        self._reviews = reviews
        self._quality = quality

    def page(self, *, state: ReviewState, reason: str | None, limit: int, after: str | None) -> Page[ReviewedText]:
        """Reviews in a state, those of the lowest score first.

        Raises:
            ReviewNotFound: If `after` names none.
        """
        page = self._reviews.page(state=state, reason=reason, limit=limit, after=after)
        return Page(self._with_sections(page.items), next_after=page.next_after, total=page.total)

    def get(self, text_key: str) -> ReviewedText:
        """The review of a text.

        Raises:
            ReviewNotFound: If the text was neither doubted nor ruled on.
        """
        return self._with_section(self._reviews.get(text_key))

    def rule(self, text_key: str, order: RulingOrder) -> ReviewedText:
        """Decide about a text that is on the list, or anew about one that was decided.

        Raises:
            ReviewNotFound: If the text was neither doubted nor ruled on.
        """
        return self._ruled(self._reviews.get(text_key).doubt, order)

    def rule_section(self, section_id: str, order: RulingOrder) -> ReviewedText:
        """Decide about a section's text, whether or not it was ever doubted; it is assessed now.

        Raises:
            SectionNotFound: If no registered document has it.
        """
        stored = self._documents.sections_by_id([section_id]).get(section_id)
        if stored is None:
            raise SectionNotFound(section_id)
        return self._ruled(self._doubt(stored), order)

    def _doubt(self, stored: StoredSection) -> Doubt:
        text = normalise(stored.section.text)
        judged = self._quality().assess(text)
        key = text_key_of(text)
        return Doubt(key, stored.section_id, stored.document_id, judged.score, judged.reasons, judged.profile_version)

    def _ruled(self, doubt: Doubt, order: RulingOrder) -> ReviewedText:
        by = order.principal.email
        audit = audit_entry(
            order.principal,
            "quality.ruled",
            "text",
            doubt.text_key,
            request_id=order.request_id,
            state=order.state.value,
            section_id=doubt.section_id,
        )
        review = self._reviews.rule(doubt, Ruling(order.state, by, order.note), audit=audit)
        logger.info("quality.ruled", extra={"text_key": doubt.text_key, "state": order.state.value})
        return self._with_section(review)

    def _with_section(self, review: Review) -> ReviewedText:
        (shown,) = self._with_sections([review])
        return shown

    def _with_sections(self, reviews: Sequence[Review]) -> list[ReviewedText]:
        sections = self._documents.sections_by_id([each.doubt.section_id for each in reviews])
        return [ReviewedText(each, sections.get(each.doubt.section_id)) for each in reviews]
