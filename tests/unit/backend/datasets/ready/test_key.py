"""What makes lines of other lines: everything that decides over them is in the key."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.models import DatasetRequest
from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.policy import Action, Policy, Rule
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
from backend.datasets.ready.key import key_of
from backend.datasets.ready.making import LineMaker
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.drafting import drafter_for
from backend.datasets.records.licences import Licences
from backend.datasets.tokens import UnicodeWordCounter
from shared.models.dataset import RecordFormat

_PROFILE = built_in("legal-de")


class OtherCounter(UnicodeWordCounter):
    name = "other-1"


def an_order(**changes: Any) -> DatasetRequest:
    return DatasetRequest.model_validate({"name": "Alles", "search_query": {"query_text": "*"}, **changes})


def a_key(quality: QualityPipeline | None = None, personal_data: PersonalData | None = None, **changes: Any) -> str:
    return LineMaker(
        an_order(**changes),
        quality or QualityPipeline(_PROFILE),
        RecordMaking(),
        personal_data or PersonalData(),
        Licences(),
    ).key


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 43},
        {"split": {"train": 0.9, "validation": 0.1, "test": 0}},
        {"record_format": "instruction"},
        {"record_format": "messages"},
        {"quality": QualityPipeline(built_in("general-de"))},
        {"quality": QualityPipeline(replace(_PROFILE, version=_PROFILE.version + 1))},
        {"personal_data": PersonalData(PolicyApplier())},
    ],
)
def test_whatever_decides_over_lines_makes_another_key(changes: dict[str, Any]) -> None:
    assert a_key(**changes) != a_key()


def test_another_way_of_measuring_makes_another_key() -> None:
    quality = QualityPipeline(_PROFILE)
    before = a_key(quality)
    quality.measuring_version += " fluency-of-today"

    assert a_key(quality) != before


def test_other_templates_make_another_key() -> None:
    asked = {"record_format": "messages"}

    assert a_key(**asked, templates=["summary"]) != a_key(**asked, templates=["definition"])


def test_another_counter_makes_another_key() -> None:
    order, drafter = an_order(), drafter_for(RecordFormat.TEXT)
    of_both = (drafter, QualityPipeline(_PROFILE), PersonalData())

    assert key_of(order, *of_both, OtherCounter()) != key_of(order, *of_both, UnicodeWordCounter())


def test_another_secret_of_pseudonyms_makes_another_key_and_is_not_told(tmp_path: Path) -> None:
    policy = Policy("names", 1, "", {}, Rule(Action.PSEUDONYMISE))
    first, second = (PersonalData(PolicyApplier(policy, key=letter * 16)) for letter in (b"a", b"b"))

    assert a_key(personal_data=first) != a_key(personal_data=second)
    assert "aaaa" not in first.way


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Anderes", "description": "x"},
        {"search_query": {"query_text": "Gebühr", "top_k": 7, "min_quality_score": 0.9}},
        {"export_formats": ["csv"], "deduplicate": "off"},
    ],
)
def test_what_is_looked_for_makes_no_other_lines(changes: dict[str, Any]) -> None:
    assert a_key(**changes) == a_key()
