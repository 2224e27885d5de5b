"""Check digits agree with published examples."""

import pytest

from backend.datasets.pii.checksums import document_digit, iso_7064_mod_11_10, luhn, mod_97


@pytest.mark.parametrize(("own", "digit"), [("8609574271", 9), ("4703689281", 6), ("13669597", 6)])
def test_the_examples_of_the_federal_tax_office_have_these_check_digits(own: str, digit: int) -> None:
    assert iso_7064_mod_11_10(own) == digit


@pytest.mark.parametrize("number", ["DE89370400440532013000", "GB82WEST12345698765432", "NO9386011117947"])
def test_the_examples_of_the_iban_registry_leave_one(number: str) -> None:
    assert mod_97(number) == 1


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "5555555555554444"])
def test_the_test_numbers_of_card_issuers_leave_nothing(number: str) -> None:
    assert luhn(number) == 0


@pytest.mark.parametrize(("field", "digit"), [("L898902C3", 6), ("740812", 2), ("ZE184226B<<<<<", 1)])
def test_the_specimen_of_icao_has_these_check_digits(field: str, digit: int) -> None:
    assert document_digit(field) == digit
