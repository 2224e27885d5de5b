"""What texts cite."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.citations import asked_keys, identity_keys, mentioned_keys
from shared.models.document import Document, Section
from tests.support.search import a_document


def law(abbreviation: str, title: str) -> Document:
    return replace(a_document("doc_x", title=title), abbreviation=abbreviation)


def section(number: str, text: str = "") -> Section:
    return Section(0, "", text, 0, len(text), number)


BGB = law("BGB", "Bürgerliches Gesetzbuch")
VWVFG = law("VwVfG", "Verwaltungsverfahrensgesetz")
SGB10 = law("SGB 10", "Zehntes Buch Sozialgesetzbuch - Sozialverwaltungsverfahren und Sozialdatenschutz -")


def cites(text: str, target: Document, number: str, *, inside: Document = VWVFG) -> bool:
    return bool(set(mentioned_keys(inside, section("§ 99", text))) & set(identity_keys(target, section(number))))


@pytest.mark.parametrize(
    ("text", "target", "number"),
    [
        ("nach § 823 BGB", BGB, "§ 823"),
        ("nach § 823 Abs. 1 Satz 2 BGB haftet", BGB, "§ 823"),
        ("§ 823 des Bürgerlichen Gesetzbuchs gilt", BGB, "§ 823"),
        ("§ 823 Absatz 1 und 2 des Bürgerlichen Gesetzbuches, wenn", BGB, "§ 823"),
        ("die §§ 823 und 826 des Bürgerlichen\nGesetzbuchs", BGB, "§ 826"),
        ("§ 35 Satz 2 des Verwaltungsverfahrensgesetzes", VWVFG, "§ 35"),
        ("§ 35 Satz 2 gilt entsprechend", VWVFG, "§ 35"),
        ("nach § 35 Absatz 1 Nummer 3 dieses Gesetzes", VWVFG, "§ 35"),
        ("§ 35 der Behörde", VWVFG, "§ 35"),
        ("§ 60 SGB X", SGB10, "§ 60"),
        ("§ 60 des Zehnten Buches Sozialgesetzbuch", SGB10, "§ 60"),
    ],
)
def test_a_section_that_is_cited_is_found(text: str, target: Document, number: str) -> None:
    assert cites(text, target, number)


@pytest.mark.parametrize(
    ("text", "target", "number"),
    [
        ("nach § 823 BGB", VWVFG, "§ 823"),
        ("§ 35 des Bürgerlichen Gesetzbuchs", VWVFG, "§ 35"),
        ("§ 35 gilt", BGB, "§ 35"),
        ("Absatz 35 und Nummer 4", VWVFG, "§ 35"),
    ],
)
def test_the_section_of_another_law_is_not(text: str, target: Document, number: str) -> None:
    assert not cites(text, target, number)


def test_a_section_does_not_cite_itself() -> None:
    assert mentioned_keys(VWVFG, section("§ 35", "§ 35 gilt entsprechend")) == []


def test_outside_of_laws_a_bare_number_means_nothing() -> None:
    assert mentioned_keys(law("", ""), section("", "nach § 35 gilt")) == []


@pytest.mark.parametrize("query", ["§ 823 des Bürgerlichen Gesetzbuchs", "§ 823 Bürgerliches Gesetzbuch", "§ 823 BGB"])
def test_a_query_may_name_the_law_in_full(query: str) -> None:
    assert set(asked_keys(query)) & set(identity_keys(BGB, section("§ 823")))


def test_a_ruling_is_cited_by_its_file_number() -> None:
    ruling = replace(law("", "Urteil"), metadata={"Aktenzeichen": "XI ZR 24/19"})

    assert set(asked_keys("BGH XI ZR 24/19")) & set(identity_keys(ruling, section("")))
    assert set(mentioned_keys(VWVFG, section("§ 1", "so BGH, XI ZR 24/19"))) & set(identity_keys(ruling, section("")))


@given(st.text(alphabet=st.sampled_from("§ Art.ikel 1a,ivxAbsatz des\n§BGBGesetz()"), max_size=300))
def test_no_text_is_an_error_or_without_bound(text: str) -> None:
    assert len(mentioned_keys(VWVFG, section("§ 1", text * 5))) <= 512
