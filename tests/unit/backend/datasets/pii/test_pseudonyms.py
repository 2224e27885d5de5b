"""Pseudonyms are the same for the same value under one key, unlinkable under two, and are found by nobody."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.pii.checksums import luhn, mod_97
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.pseudonyms import Pseudonymiser, WeakKey
from backend.datasets.pii.scanner import Scanner
from tests.support import identifiers
from tests.support.identifiers import written

SCANNER = Scanner()
KINDS = SCANNER.kinds
OURS, OTHERS = Pseudonymiser(b"k" * 16), Pseudonymiser(b"o" * 16)


@given(st.text(min_size=1, max_size=20), st.sampled_from(["person", "judge", "place", "address", "phone", "e_mail"]))
def test_the_same_value_gets_the_same_pseudonym_under_one_key_alone(value: str, kind: str) -> None:
    pseudonym = OURS.pseudonym(KINDS[kind], value)
    assert pseudonym == Pseudonymiser(b"k" * 16).pseudonym(KINDS[kind], value)
    assert pseudonym != OTHERS.pseudonym(KINDS[kind], value)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("person", "Lena  Krause", "LENA KRAUSE"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("tax_id", "86 095 742 719", "86095742719"),
        ("birth_date", "1. April 1970", "01.04.1970"),
        ("phone", "+49 (0) 351 4881234", "0351/488-1234"),
        ("e_mail", "Info@Stadt.de", "info@stadt.de"),
    ],
)
def test_two_spellings_of_one_value_get_one_pseudonym(kind: str, one: str, other: str) -> None:
    assert OURS.pseudonym(KINDS[kind], one) == OURS.pseudonym(KINDS[kind], other)


def test_kinds_do_not_share_pseudonyms() -> None:
    judge, person = (OURS.pseudonym(KINDS[kind], "Krause").split("-")[1] for kind in ("judge", "person"))
    assert judge != person


@given(st.data(), st.sampled_from(identifiers.ALL))
def test_a_pseudonym_of_an_identifier_has_its_length_and_is_none(
    data: st.DataObject, identifier: identifiers.Identifier
) -> None:
    number = data.draw(written(identifier))
    kind: Kind = KINDS[identifier.kind]
    pseudonym = OURS.pseudonym(kind, number)
    plain = re.sub(r"\W", "", number)
    assert len(pseudonym) in (len(plain), 9)
    assert pseudonym != plain
    assert SCANNER.scan(f"Personalausweis, Reisepass, IBAN, Tel.: {pseudonym} angegeben") == []


@given(identifiers.GERMAN_IBAN.valid)
def test_pseudonyms_of_accounts_never_pass_the_checksum(number: str) -> None:
    pseudonym = OURS.pseudonym(KINDS["iban"], number)
    assert re.fullmatch("DE0[01][0-9]{18}", pseudonym)
    assert mod_97(pseudonym) != 1


@given(identifiers.VISA.valid)
def test_pseudonyms_of_cards_are_of_no_issuer(number: str) -> None:
    pseudonym = OURS.pseudonym(KINDS["credit_card"], number)
    assert pseudonym.startswith("0000")
    assert len(pseudonym) == 16
    assert luhn(number) == 0


def test_names_become_a_word_and_a_code() -> None:
    assert re.fullmatch("Person-[0-9A-HJKMNP-TV-Z]{8}", OURS.pseudonym(KINDS["person"], "Krause"))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(WeakKey, match="at least 16 bytes"):
        Pseudonymiser(b"geheim")


def test_a_key_has_a_name_that_tells_nothing_of_it() -> None:
    first, second = Pseudonymiser(b"a" * 16), Pseudonymiser(b"b" * 16)

    assert first.key_name == Pseudonymiser(b"a" * 16).key_name != second.key_name
    assert re.fullmatch("[0-9a-f]{16}", first.key_name)
