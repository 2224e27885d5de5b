"""File numbers of courts and case-law identifiers as keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.citations.case_numbers import case_keys, own_case_keys


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("4 A 2363/20", "Urteil 4 A 2363/20"),
        ("XI ZR 24/19", "BGH, Urteil vom 3. Mai 2020 – XI ZR 24/19 –, juris"),
        ("1 BvR 1160/03", "1 bvr 1160/03"),
        ("1 BvR 1160/03", "1 BvR\n1160/03"),
        ("B 12 KR 3/19 R", "BSG, B 12 KR 3/19 R"),
        ("BVerwG 6 C 12.19", "6 C 12.19"),
        ("6 C 12.19", "6 C 12/19"),
        ("C-311/18", "EuGH C‑311/18"),
        ("1 BvR 16/13", "Recht auf Vergessen I (1 BvR 16/13)"),
        ("2 StR 007/20", "2 StR 7/20"),
        ("ECLI:DE:BGH:2020:030520UXIZR24.19.0", "ecli:de:bgh:2020:030520uxizr24.19.0."),
    ],
)
def test_a_ruling_is_asked_for_as_it_is_written(written: str, asked: str) -> None:
    assert set(case_keys(written)) & set(case_keys(asked))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("4 A 2363/20", "4 A 2363/21"),
        ("4 A 2363/20", "4 B 2363/20"),
        ("XI ZR 24/19", "X ZR 24/19"),
        ("XI ZR 24/19", "XI ZR 124/19"),
        ("C-311/18", "T-311/18"),
    ],
)
def test_another_ruling_is_not_meant(written: str, asked: str) -> None:
    assert not set(case_keys(written)) & set(case_keys(asked))


@pytest.mark.parametrize("text", ["", "am 12.10.2020", "§ 35 VwVfG", "BGBl. I 2018, 1398", "Seite 3/20"])
def test_what_is_no_file_number_has_no_key(text: str) -> None:
    assert list(case_keys(text)) == []


def test_metadata_go_before_the_title() -> None:
    assert own_case_keys({"Aktenzeichen": "4 A 2363/20"}, "Urteil zu XI ZR 24/19") == list(case_keys("4 A 2363/20"))
    assert own_case_keys({"ecli": "ECLI:DE:BGH:2020:1", "az": "XI ZR 24/19"}, "") == list(
        case_keys("ECLI:DE:BGH:2020:1 XI ZR 24/19")
    )
    assert own_case_keys({"aktenzeichen": None}, "BGH XI ZR 24/19") == list(case_keys("XI ZR 24/19"))
    assert own_case_keys({}, "Bürgerliches Gesetzbuch") == []


@given(st.text(alphabet=st.sampled_from("bBvRXI ()/.-0123456789ecliECLI:de"), max_size=200))
def test_no_text_is_an_error(text: str) -> None:
    assert all(key.startswith(("az", "ecli")) for key in case_keys(text))
