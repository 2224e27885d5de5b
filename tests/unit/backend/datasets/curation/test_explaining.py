"""Why quality thinks what it thinks."""

import pytest

from backend.datasets.curation.explaining import explain_document
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from shared.database.base import DocumentNotFound
from shared.database.stores import memory_stores
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from tests.support.curated import FIGURES, PROSE, a_law
from tests.support.store_values import an_audit


def test_every_section_has_its_signals_and_the_limits_that_spoke() -> None:
    stores = memory_stores()
    ((document, _),) = stores.documents.put_many([a_law("a.md", PROSE, FIGURES)])

    told = explain_document(document.document_id, stores.documents, stores.reviews, QualityPipeline())

    good, bad = told["sections"]
    assert told["document"]["title"] == "Satzung a.md"
    assert (good["decision"], good["reasons"], good["number"]) == ("keep", [], "§ 1")
    assert (bad["decision"], bad["ruling"]) == ("reject", None)
    digits = next(each for each in bad["limits"] if each["signal"] == "digit_share")
    assert digits["rejects"] is True
    assert digits["value"] == bad["signals"]["digit_share"] > digits["hard"]
    assert digits["penalty"] == 1.0
    assert not any(each["rejects"] for each in good["limits"])


def test_a_ruling_is_told_beside_what_the_profile_says() -> None:
    stores = memory_stores()
    ((document, _),) = stores.documents.put_many([a_law("a.md", FIGURES)])
    key = text_key_of(normalise(FIGURES))
    doubt = Doubt(key, "s", "d", 0.1, ("many_digits",), "p")
    stores.reviews.rule(doubt, Ruling(ReviewState.KEPT, "anna@amt.example"), audit=an_audit("quality.ruled"))

    (section,) = explain_document(document.document_id, stores.documents, stores.reviews, QualityPipeline())["sections"]

    assert (section["decision"], section["profile_decision"], section["ruling"]) == ("keep", "reject", "kept")
    assert section["text_key"] == key


def test_a_document_that_is_not_there_is_named() -> None:
    stores = memory_stores()

    with pytest.raises(DocumentNotFound, match="doc_x"):
        explain_document("doc_x", stores.documents, stores.reviews, QualityPipeline())
