"""XML of any schema, and XML that attacks."""

import pytest

from backend.datasets.ingest.base import UnreadableFile
from backend.datasets.ingest.readers.xml_reader import XmlReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import read

SATZUNG = """<?xml version="1.0" encoding="UTF-8"?>
<document><title>Satzung über die Hundesteuer (HStS)</title><p>Der Rat hat beschlossen:</p>
<part><heading>Abschnitt 1</heading>
<section number="1"><heading>§ 1 Zweck</heading><p>Die <em>Hundesteuer</em> wird erhoben.</p><p>Zweitens.</p></section>
</part><section><heading>§ 2 Höhe</heading><p>50 Euro.</p></section></document>"""
BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""


class TestXmlReader(ReaderContract):
    reader = XmlReader()
    truncated_is_refused = True

    def sample(self) -> bytes:
        return SATZUNG.encode()


def test_headings_structure_the_text_by_their_depth() -> None:
    (document,) = read(XmlReader(), SATZUNG.encode())

    assert (document.title, document.abbreviation) == ("Satzung über die Hundesteuer", "HStS")
    title = "Satzung über die Hundesteuer (HStS)"
    assert [(section.number, section.heading_path, section.text) for section in document.sections] == [
        ("", (title,), "Der Rat hat beschlossen:"),
        ("§ 1", (title, "Abschnitt 1", "§ 1 Zweck"), "Die Hundesteuer wird erhoben.\n\nZweitens."),
        ("§ 2", (title, "§ 2 Höhe"), "50 Euro."),
    ]


def test_a_number_stands_before_its_heading_or_is_one_itself() -> None:
    raw = """<dok><norm><m><enbez>§ 1</enbez><titel>Zweck</titel></m><text><P>A</P></text></norm>
    <norm><m><enbez>§ 2</enbez></m><text><P>B</P></text></norm>
    <norm><m><enbez>§ 3</enbez></m></norm></dok>"""

    (document,) = read(XmlReader(), raw.encode())

    assert [(section.number, section.heading, section.text) for section in document.sections] == [
        ("§ 1", "Zweck", "A"),
        ("§ 2", "", "B"),
        ("§ 3", "", ""),
    ]


@pytest.mark.parametrize("raw", [BOMB, BOMB.decode().encode("utf-16")])
def test_declared_entities_are_refused_in_every_encoding(raw: bytes) -> None:
    with pytest.raises(UnreadableFile, match="entities"):
        read(XmlReader(), raw)


def test_an_external_file_is_never_read() -> None:
    raw = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'

    with pytest.raises(UnreadableFile):
        read(XmlReader(), raw)


def test_thousands_of_levels_are_refused_and_do_not_crash() -> None:
    with pytest.raises(UnreadableFile):
        read(XmlReader(), b"<a>" * 100_000 + b"x" + b"</a>" * 100_000)
