"""Each recogniser finds what it is there for, and nothing among the numbers that statutes are full of."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.pii.scanner import Scanner, installed_recognisers
from tests.support import identifiers
from tests.support.identifiers import Identifier, broken, written

SCANNER = Scanner()
ANY_IDENTIFIER = st.sampled_from(identifiers.ALL)
FRAMES = st.sampled_from(
    (
        *(
            "{}",
            "Die Nummer {} ist angegeben.",
            "({})",
            "a) {};",
            "Nummer: {}\nNächste Zeile",
            "{}, {}",
            "{}/{}",
            "{},{}",
        ),
        # Markdown, names of files, HTML
        *(
            "_{}_",
            "__{}__",
            "*{}*",
            "**{}**",
            "_Nummer {}_",
            "Bescheid_{}_2020.pdf",
            "a_{}_b.pdf",
            "<td>{}</td>",
            "ID-{}",
        ),
    )
)

FOUND = [
    ("tax_id", "Ihre Steuer-ID lautet 86 095 742 719.", "86 095 742 719"),
    ("iban", "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "DE89 3704 0044 0532 0130 00"),
    ("pension_number", "Versicherungsnummer 65 170839 J 003", "65 170839 J 003"),
    ("health_insurance_number", "Versichertennummer A123456780", "A123456780"),
    ("identity_card", "Personalausweis Nr. T22000129", "T22000129"),
    ("identity_card", "Personalausweis 1220001297D", "1220001297D"),
    ("passport", "Reisepass C01X00T47", "C01X00T47"),
    ("vat_id", "USt-IdNr.: DE136695976", "DE136695976"),
    ("credit_card", "Karte 4111-1111-1111-1111", "4111-1111-1111-1111"),
    ("bank_account", "Kto.-Nr. 1234567 bei der Sparkasse", "1234567"),
    ("licence_plate", "der Pkw mit dem Kennzeichen L-AB 1234 fuhr", "L-AB 1234"),
    ("licence_plate", "Das Fahrzeug B MW 12E wurde", "B MW 12E"),
    ("e_mail", "an max.muster@stadt.example.org.", "max.muster@stadt.example.org"),
    ("e_mail", "an muster (at) stadt-leipzig.de schreiben", "muster (at) stadt-leipzig.de"),
    ("e_mail", "an o’brien@amt.de", "o’brien@amt.de"),
    ("e_mail", "an name at amt dot de,", "name at amt dot de"),
    ("e_mail", "an name AT amt punkt bund DOT de,", "name AT amt punkt bund DOT de"),
    ("e_mail", "name @ amt.de", "name @ amt.de"),
    ("e_mail", 'an "max muster"@amt.de.', '"max muster"@amt.de'),
    ("identity_card", "Personalausweis Nr. T22000129 3", "T22000129 3"),
    ("identity_card", "Personalausweis Nr. T22000129 2 Kopien", "T22000129"),
    ("tax_id", "86095742719/57549285017", "57549285017"),
    ("phone", "Tel.: 0351/488-1234 oder", "0351/488-1234"),
    ("phone", "erreichbar unter +49 (0) 351 4881234.", "+49 (0) 351 4881234"),
    ("phone", "Mobil 0171 2345678", "0171 2345678"),
    ("phone", "oder 0151 23456789", "0151 23456789"),
    ("address", "wohnhaft Lange Straße 5a, 04109 Leipzig.", "Lange Straße 5a, 04109 Leipzig"),
    ("address", "in der Berliner Str. 12-14", "Berliner Str. 12-14"),
    *(
        ("address", frame.format(street), street)
        for frame in ("wohnt {}.", "Anschrift: {}\n", "in der {} geboren")
        for street in ("Hauptstraße 12", "Schulstraße 8", "Landstraße 3", "Hauptstr. 12", "Wasserstraße 5")
    ),
    ("address", "wohnhaft Obere Hauptstraße 7", "Obere Hauptstraße 7"),
    ("address", "Hauptstraße 12, 04109 Leipzig", "Hauptstraße 12, 04109 Leipzig"),
    ("address", "Bundesstraße 5, 21465 Reinbek", "Bundesstraße 5, 21465 Reinbek"),
    ("address", "Straße des 17. Juni 135, 10623 Berlin", "Straße des 17. Juni 135, 10623 Berlin"),
    ("address", "an der Straße des 17. Juni 135.", "Straße des 17. Juni 135"),
    ("address", "Platz der Deutschen Einheit 1", "Platz der Deutschen Einheit 1"),
    ("address", "Straße der Bergleute 4\n09599 Freiberg", "Straße der Bergleute 4\n09599 Freiberg"),
    ("address", "wohnt Am Alten Markt 3, 01067 Dresden.", "Am Alten Markt 3, 01067 Dresden"),
    ("address", "Stadtverwaltung, 04109 Leipzig, Zimmer 5", "04109 Leipzig"),
    ("birth_date", "geb. am 12.03.1970 in Köln", "12.03.1970"),
    ("birth_date", "geboren in Leipzig am 3. April 1980", "3. April 1980"),
    ("birth_date", "Geburtsdatum: 1970-01-02", "1970-01-02"),
    ("birth_date", "Lindner (* 1.2.1950)", "1.2.1950"),
    ("birth_date", "Sie ist am 1.2.1950 in Leipzig geboren.", "1.2.1950"),
    ("address", "Lange Straße 5\n    04109 Leipzig\n", "Lange Straße 5\n    04109 Leipzig"),
    ("person", "Sehr geehrter Herr Krause,", "Krause"),
    ("person", "Frau Prof. Dr. Lena Schmidt-Rabe sagte", "Lena Schmidt-Rabe"),
    ("person", "Herrn Müller Gelegenheit zu geben", "Müller"),
    ("person", "der Zeuge Krause hat", "Krause"),
    ("person", "Der Angeklagte K. fuhr", "K."),
    ("person", "weil Sabine Wrzesniewska dort war", "Sabine Wrzesniewska"),
    ("person", "LINDNER, Karl-Heinz: Über Gebühren", "LINDNER, Karl-Heinz"),
    ("person", "Name: Xaver Oberpichler\n", "Xaver Oberpichler"),
    ("person", "gez. Wagner", "Wagner"),
    ("person", "dass M. seiner Mutter half, während K. bereits schlief", "K."),
    ("person", "im Verfahren Demir v. Türkei", "Demir"),
    ("judge", "die Richter Merz, Dr. Meiser und Schödel", "Schödel"),
    ("judge", "Vorsitzender Richter am Bundesgerichtshof Prof. Dr. Hacker", "Hacker"),
    ("judge", "RiBGH Gericke ist im Urlaub", "Gericke"),
    ("judge", "Die Revision ist unbegründet, Urteil des Senats.\n\nBecker   Fischer   Krause\n", "Fischer"),
    ("lawyer", "Rechtsanwälte T., Ts. und Dr. K. in Köln", "Ts."),
    ("lawyer", "durch Rechtsanwältin Lindner", "Lindner"),
    ("place", "er zog nach Offenburg um", "Offenburg"),
    ("place", "wohnte in M. bei Verwandten", "M."),
]
CONFIDENT = 0.6
# what statutes and rulings are full of
HARMLESS = [
    "§ 35a Abs. 1 Satz 2 Nr. 3 VwVfG in der Fassung vom 23. Januar 2003 (BGBl. I S. 102, 2009 I S. 2827)",
    "Urteil vom 11. Dezember 2015 - 13 U 123/14 -, BeckRS 2015, 12345, Rn. 20; BVerwG, 4 C 3.05",
    "ABl. L 119 vom 4.5.2016, S. 1; L 314 vom 22.11.2016, S. 72; C 311/18; ECLI:EU:C:2020:559",
    "eine Gebühr von 1 234 567,89 Euro oder 12.345.678 DM, höchstens 98 765 432 Euro",
    "DIN EN ISO 9001:2015-11, DIN 18014, EG Nr. 1907/2006, Verordnung (EU) 2016/679",
    "in den Jahren 2010 bis 2015 und am 01.01.2005, 31.12.2010",
    "Az. 0351/12, Drucksache 18/12345, BT-Drs. 17/9874, Aktenzeichen 034/2012",
    "Herr und Frau; die Frau Ministerin; dem Zeugen Gelegenheit geben; der Kläger Revision einlegt",
    "Anlage A 1, Klasse B 96, Besoldungsgruppe R 3, Artikel 5 Absatz 1 Platz 3",
    "Geburtsjahr 1970; ausgestellt am 12.03.1970; geboren sind sie alle",
    "wer vor dem 2. Juli 1931 geboren ist; die Zentralkasse der Rechtsanwälte Rumäniens",
    "das Gericht besteht aus den Vorsitzenden Richtern und weiteren Berufsrichtern",
    "Rechtsweg 1, Bundesstraße 43, Bahnhof 3, Dienstweg 2",
    "Hauptstraßen 12 bis 14, Landstraßen 3, die Hauptstraße und die Schulstraße, Rechtsweg 1, 12345 Tonnen",
    "an der Straße der Klasse 3, am Platz der Liste 2, Kreisstraße 12, Staatsstraße 2, Landesstraße 40",
    "die Vorsitzenden der Prüfungskommission und Staatsanwälte der Besoldungsgruppe R 1",
    "das Robert Koch-Institut, die Konrad-Adenauer-Stiftung und der Georg Thieme Verlag",
    "das Oberlandesgericht Köln, das SG Gotha und die Stadtverwaltung",
    "99999 Einwohner und, 12345 Euro, 10000 Tonnen",
    "3,86095742719 und 12/86095742719 sowie 86095742719,50",
    "look at amt.de, at home dot",
    "no12 wenn dies oder jenes und ro12 eine oder zwei oder drei mal",
    "name@example oder x@y.invalid, @absatz",
]


def spans(text: str, kind: str) -> list[str]:
    return [text[each.start : each.end] for each in SCANNER.scan(text) if each.kind == kind]


@pytest.mark.parametrize(("kind", "text", "found"), FOUND)
def test_personal_data_are_found_in_a_sentence(kind: str, text: str, found: str) -> None:
    assert found in spans(text, kind)


def test_a_card_that_holds_the_digits_of_a_tax_number_is_covered_whole() -> None:
    assert spans("Karte 3762 276251 24081, gültig", "credit_card") == ["3762 276251 24081"]


@pytest.mark.parametrize("text", HARMLESS)
def test_citations_amounts_and_offices_are_no_personal_data(text: str) -> None:
    confident = [(each.kind, text[each.start : each.end]) for each in SCANNER.scan(text) if each.confidence >= 0.6]
    assert confident == []


@given(st.data(), ANY_IDENTIFIER, FRAMES)
def test_every_valid_identifier_is_found_wherever_it_stands(
    data: st.DataObject, identifier: Identifier, frame: str
) -> None:
    number = data.draw(written(identifier))
    text = frame.replace("{}", number)
    wanted = {place for place in range(len(text)) if text.startswith(number, place)}
    found = {each.start for r in installed_recognisers() if r.kind.name == identifier.kind for each in r.find(text)}
    assert wanted <= found
    covered = {place for each in SCANNER.scan(text) for place in range(each.start, each.end)}
    assert wanted <= covered


@given(st.data(), ANY_IDENTIFIER, FRAMES)
def test_no_identifier_with_a_wrong_check_digit_is_found(
    data: st.DataObject, identifier: Identifier, frame: str
) -> None:
    number = data.draw(broken(identifier))
    text = frame.replace("{}", number)
    assert spans(text, identifier.kind) == []
    # nor any part of it; the whole may be right by the rule of another kind
    confident = [each for each in SCANNER.scan(text) if each.confidence >= CONFIDENT]
    assert [each for each in confident if text[each.start : each.end] != number] == []


@given(st.data(), st.sampled_from((identifiers.TAX_ID, identifiers.GERMAN_IBAN, identifiers.VISA)))
def test_no_identifier_is_found_inside_a_longer_number(data: st.DataObject, identifier: Identifier) -> None:
    number = data.draw(identifier.valid)
    more = data.draw(st.text("0123456789", min_size=1, max_size=3))
    assert spans(number + more, identifier.kind) == [] or identifier.kind == "credit_card"
    assert spans(f"x{number}", identifier.kind) == []


@given(identifiers.GERMAN_IBAN.valid, st.sampled_from(("", " ", "-")), st.sampled_from((str.lower, str.capitalize)))
def test_accounts_in_small_letters_are_found(number: str, gap: str, spelt: Callable[[str], str]) -> None:
    written = spelt(identifiers.grouped(number, identifiers.GERMAN_IBAN.groups, gap))
    assert spans(f"auf das Konto {written} zu zahlen", "iban") == [written]
    assert spans(f"auf das Konto {written[:-1]}{(int(written[-1]) + 1) % 10} zu zahlen", "iban") == []


def test_words_and_years_are_no_accounts_in_small_letters() -> None:
    assert spans("no 15 in 2010 und at 12 1234567890123456 sowie de 20 12 2013 14 2015 16 2017 18", "iban") == []


@given(identifiers.TAX_ID.valid, st.sampled_from(((2, 2, 2, 2, 3), (2, 2, 2, 2, 2, 1), (3, 4, 4), (2, 9), (5, 6))))
def test_tax_numbers_are_found_in_whatever_groups_people_write_them(number: str, groups: tuple[int, ...]) -> None:
    written = identifiers.grouped(number, groups, " ")
    assert spans(f"IdNr. {written} des Klägers", "tax_id") == [written]


@given(st.data(), st.sampled_from(identifiers.SMALL_IBANS))
def test_accounts_with_letters_are_found_in_small_ones(data: st.DataObject, identifier: Identifier) -> None:
    written = data.draw(identifiers.written(identifier))
    assert spans(f"auf das Konto {written} zu zahlen", "iban") == [written]


def test_what_is_broken_in_groups_of_four_is_no_card_and_no_telephone() -> None:
    for account in ("ES06 4502 6056 1644 9386 2582", "es04 5291 6131 4103 1937 4618", "CZ79 1480 6170 0158 7438 7288"):
        assert SCANNER.scan(f"auf das Konto {account} zu zahlen") == []
    for number in (
        "4000 0000 0000 0100/4000 0000",
        "52 294 862 071/91 764 558 054",
        "65 170839 J 010/65 170839",
        "02 010100 A 001/02 010100",
    ):
        assert spans(number, "phone") == []
    assert spans("IBAN AT06 4502 6056 1644 9386 4111 1111 1111 1111", "credit_card") == ["4111 1111 1111 1111"]


@pytest.mark.parametrize("number", ["L592389290", "X102655626"])
def test_a_letter_and_nine_digits_may_be_a_broken_insurance_number(number: str) -> None:
    assert [each.confidence for each in SCANNER.scan(f"Nummer {number}") if each.confidence >= CONFIDENT] == []
    assert spans(f"Personalausweis {number}", "identity_card") == [number]


@pytest.mark.parametrize(
    "number",
    [
        *("0049 30 1234567", "004930123456", "0049-171-1234567", "0041 44 123 45 67", "(+49) 30 1234567"),
        *("(0 30) 12 34 56-0", "0 30/12 34 56", "0 61 31 / 16 23 45", "0 61 31-16 23 45", "02 28 / 99 35 7 - 0"),
        *("(0 89) 21 80-23 45", "089 2180 – 2345", "030 12 34 56 - 0"),
    ],
)
@pytest.mark.parametrize("frame", ["Tel.: {}", "Telefon {}, werktags", "unter der Telefonnummer {}.", "Fax: {}\n"])
def test_announced_telephones_are_found_in_old_and_new_groups(number: str, frame: str) -> None:
    assert spans(frame.format(number), "phone") == [number]


def test_numbers_abroad_need_no_announcement_but_are_no_amounts() -> None:
    assert spans("Bitte 0049 30 1234567 oder (+49) 30 1234567.", "phone") == ["0049 30 1234567", "(+49) 30 1234567"]
    assert spans("100 002 345 678 Euro, Nr. 0012345678, Az. 0049 123456 und 5.001.234.567", "phone") == []
    assert spans("Tel.: 00123456789", "phone") == []  # the pseudonym of a tax number


@pytest.mark.parametrize(
    "plate",
    [
        *("EU-AB 123", "UN-XY 456", "EN-AB 12", "DIN-AB 1", "EG-A 12", "AT-AB 5", "B – AB 123", "B-AB\u00a01234"),
        *("K-AB 12 E", "B-06 123", "B-06123", "THL-1234", "BD 16-123", "Y-123 456", "0 17-A 12", "L-AB 1234"),
    ],
)
@pytest.mark.parametrize("frame", ["Kfz-Kennzeichen {}", "mit dem amtlichen Kennzeichen {}, Halter", "Kennz. {}."])
def test_announced_plates_of_every_kind_are_found(plate: str, frame: str) -> None:
    assert spans(frame.format(plate), "licence_plate") == [plate]


@pytest.mark.parametrize(
    "text",
    [
        *("Fahrzeug BMW X 5", "Kfz VW T 4", "Fahrzeug: Klasse A B 12", "Wagen nach Anlage A-B 12"),
        *("Fahrzeug nach Muster VDA-A 12", "Kennzeichen HH-SS 12", "Kennzeichen B-HJ 12", "Kennzeichen B-AB 12345"),
        *("Kennzeichen III ZR 123/19", "Kennzeichen DIN 74069", "Kennzeichen § 9", "Kennzeichen B-AB 0123"),
    ],
)
def test_makes_classes_and_forbidden_letters_are_no_plates(text: str) -> None:
    assert spans(text, "licence_plate") == []


def test_an_account_of_a_country_without_ibans_is_none() -> None:
    assert spans("ZZ89 3704 0044 0532 0130 00", "iban") == []


@pytest.mark.parametrize("number", ["11123456785", "01234567890", "12345678901"])
def test_tax_numbers_break_the_rule_of_repetition(number: str) -> None:
    assert spans(number, "tax_id") == []


def test_machine_readable_lines_are_one_finding() -> None:
    card = "IDD<<T220001293<<<<<<<<<<<<<<<\n6408125<2010315D<<<<<<<<<<<<<4\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<"
    passport = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4"
    assert spans(f"Kopie:\n{card}\n", "identity_card") == [card]
    assert spans(f"Kopie:\n{passport}\n", "passport") == [passport]
    # a scan may lose the ends of lines, or take them for spaces
    for gap in ("", " ", "\r\n"):
        assert spans(f"Kopie: {card.replace(chr(10), gap)} Ende", "identity_card") == [card.replace("\n", gap)]
        assert spans(f"Kopie: {passport.replace(chr(10), gap)} Ende", "passport") == [passport.replace("\n", gap)]
    for begin in ("ID", "IT"):
        with_letters = f"{begin}D<<MUELLER<<HANS<PETER<<<<<<<<<<<<\nZNM2XMYP04D<<3306194<9812242<<<<<<<6"
        assert spans(f"Kopie:\n{with_letters}\n", "identity_card") == [with_letters]
    assert spans(card.replace("D<<<<<<<<<<<<<4", "D<<<<<<<<<<<<<5"), "identity_card") == ["T220001293"]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        *(("phone", f"{{}}Tel.{{}}: {{}}{number}{{}}", number) for number in ("0351 4881234", "+49 351 4881234")),
        *(("phone", f"oder {{}}{number}{{}} anrufen", number) for number in ("0351/4881234", "0171 2345678")),
        ("bank_account", "{}Konto:{} {}1234567{}", "1234567"),
        ("bank_account", "{}Kto.-Nr. 1234567{}", "1234567"),
        ("birth_date", "{}Geburtsdatum{}: {}12.03.1970{}", "12.03.1970"),
        ("birth_date", "{}Geburtsdatum:{} 12.03.1970", "12.03.1970"),
        ("birth_date", "{}geb.{} am 12.03.1970", "12.03.1970"),
        ("birth_date", "Lindner, geb. am {}12.03.1970{},", "12.03.1970"),
        ("licence_plate", "{}Kennzeichen:{} {}L-AB 1234{}", "L-AB 1234"),
        ("licence_plate", "der Pkw {}L-AB 1234{} fuhr", "L-AB 1234"),
        ("address", "Anschrift: {}Hauptstraße 12{}", "Hauptstraße 12"),
        ("address", "{}04109 Leipzig{}", "04109 Leipzig"),
        ("address", "wohnt {}Am Alten Markt 3, 01067 Dresden{}", "Am Alten Markt 3, 01067 Dresden"),
        ("person", "{}Herr Krause{}", "Krause"),
        ("identity_card", "Personalausweis Nr. {}T22000129{}", "T22000129"),
    ],
)
@pytest.mark.parametrize("mark", ["", "_", "__", "*", "**"])
def test_emphasis_hides_nothing(kind: str, text: str, found: str, mark: str) -> None:
    assert spans(text.replace("{}", mark), kind) == [found]


def test_an_asterisk_of_emphasis_is_no_birth() -> None:
    assert spans("Der Bescheid vom *12.03.1970* und der vom **13.03.1970** sowie _14.03.1970_", "birth_date") == []


@pytest.mark.parametrize("frame", ["<td>{}</td>", "<p>{}</p>", "{}<br>", "`{}`", "_{}_", "**{}**"])
@pytest.mark.parametrize("gap", ["\n", "<br>", "<br />\n"])
def test_machine_readable_lines_are_found_whole_in_markup(frame: str, gap: str) -> None:
    card = "IDD<<T220001293<<<<<<<<<<<<<<<\n6408125<2010315D<<<<<<<<<<<<<4\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<"
    passport = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4"
    older = "ITD<<MUELLER<<HANS<PETER<<<<<<<<<<<<\nZNM2XMYP04D<<3306194<9812242<<<<<<<6"
    for kind, lines in (("identity_card", card), ("passport", passport), ("identity_card", older)):
        written = lines.replace("\n", gap)
        assert spans(frame.format(written), kind) == [written]


def test_every_recogniser_has_a_name_and_a_kind_of_its_own_file() -> None:
    names = [each.name for each in installed_recognisers()]
    assert len(names) == len(set(names))
    assert {kind for kind, _, _ in FOUND} == {each.kind.name for each in installed_recognisers()}
