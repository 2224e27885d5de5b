"""Citations as index words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.citations import asked_keys, citation_words, cited_words


@pytest.mark.parametrize(
    ("query", "number", "abbreviation"),
    [
        ("§ 35a VwVfG", "§ 35a", "VwVfG"),
        ("§35a vwvfg", "§ 35a", "VwVfG"),
        ("§ 35 a VwVfG", "§ 35a", "VwVfG"),
        ("nach § 433 Abs. 1 Satz 2 Nr. 3 BGB ist", "§ 433", "BGB"),
        ("§ 433 ff. des BGB", "§ 433", "BGB"),
        ("BGB § 433", "§ 433", "BGB"),
        ("§§ 433, 434 und 437 BGB", "§ 437", "BGB"),
        ("Art. 5 GG", "Art 5", "GG"),
        ("Artikel IV des NATO-Vertrags", "Art IV", "NATO-Vertrags"),
        ("§ 1 1-DM-GoldmünzG", "§ 1", "1-DM-GoldmünzG"),
        ("§ 3 AO", "§ 3", "AO 1977"),
        ("§ 3 AO 1977", "§ 3", "AO 1977"),
        ("Anlage 2 zur FeV", "Anlage 2", "FeV"),
        ("§ 2 GroßV", "§ 2", "GroßV"),
        ("§ 2 Mu\u0308nzG", "§ 2", "MünzG"),
    ],
)
def test_a_citation_means_its_section(query: str, number: str, abbreviation: str) -> None:
    assert set(citation_words(number, abbreviation)) & set(cited_words(query))


@pytest.mark.parametrize(
    ("query", "number", "abbreviation"),
    [
        ("§ 35 VwVfG", "§ 35a", "VwVfG"),
        ("§ 5 GG", "Art 5", "GG"),
        ("§ 1 BGB", "§ 11", "BGB"),
        ("Art der BGB", "§ 1", "BGB"),
    ],
)
def test_another_number_kind_or_law_is_not_meant(query: str, number: str, abbreviation: str) -> None:
    assert not set(citation_words(number, abbreviation)) & set(cited_words(query))


@pytest.mark.parametrize(
    ("query", "meant", "other"),
    [
        ("§ 6a AEG", "AEG", "AEG 1994"),
        ("§ 6a AEG 1994", "AEG 1994", "AEG"),
        ("§ 4 AltersVersErhV 2", "AltersVersErhV 2", "AltersVersErhV"),
        ("§ 4 AltersVersErhV", "AltersVersErhV", "AltersVersErhV 2"),
        ("BGB EG § 6", "BGB EG", "BGB"),
    ],
)
def test_of_two_laws_the_one_whose_name_is_spelt_out_counts_more(query: str, meant: str, other: str) -> None:
    def weight(abbreviation: str) -> int:
        number = query[query.index("§") :].split()[1]
        words = citation_words(f"§ {number}", abbreviation)
        return sum(word in words for word in cited_words(query))

    assert weight(meant) > weight(other)


def test_sections_without_number_or_law_have_no_words() -> None:
    assert citation_words("", "BGB") == citation_words("§ 1", "") == citation_words("Anhang", "BGB") == []


@given(st.text(alphabet=st.sampled_from("§ art.ikel 1a,ivx-\n§ABSatz"), max_size=80))
def test_no_query_is_an_error_or_without_bound(query: str) -> None:
    assert len(set(cited_words(query * 20))) <= 128


@pytest.mark.parametrize("sign", ["Paragraph", "paragraph", "Paragraf", "Paragraphen"])
def test_the_section_sign_may_be_written_in_words(sign: str) -> None:
    assert asked_keys(f"Was regelt {sign} 35a VwVfG?") == asked_keys("Was regelt § 35a VwVfG?")
    assert asked_keys("Telegraph 35a VwVfG") == {}
