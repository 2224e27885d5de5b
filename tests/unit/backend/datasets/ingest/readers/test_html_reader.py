"""Web pages."""

import pytest

from backend.datasets.ingest.base import UnreadableFile
from backend.datasets.ingest.readers.html_reader import HtmlReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import read

PAGE = """<!DOCTYPE html><html><head><title>Satzung (HStS)</title><style>p{}</style><script>alert(1)</script></head>
<body><nav><a href="/">Start</a></nav><main><h1>Hundesteuersatzung (HStS)</h1><p>Die <b>Hunde</b>steuer
ist&nbsp;fällig.<br>Sofort.</p><h2>§ 1 Höhe</h2><table><tr><th>Hund</th><th>Euro</th></tr>
<tr><td>erster</td><td>50</td></tr></table><h2>§ 2 Muster</h2><pre>  a
  b</pre></main><footer>Impressum</footer></body></html>"""


class TestHtmlReader(ReaderContract):
    reader = HtmlReader()

    def sample(self) -> bytes:
        return PAGE.encode()


def test_headings_cut_the_page_and_its_surroundings_are_left_out() -> None:
    (document,) = read(HtmlReader(), PAGE.encode())

    assert (document.title, document.abbreviation) == ("Satzung", "HStS")
    assert [(section.number, section.text) for section in document.sections] == [
        ("", "Die Hundesteuer ist fällig.\nSofort."),
        ("§ 1", "Hund | Euro\n\nerster | 50"),
        ("§ 2", "a\n  b"),
    ]
    for left_out in ("alert", "Start", "Impressum", "p{}"):
        assert left_out not in document.text


def test_a_page_nested_a_thousand_deep_is_read() -> None:
    (document,) = read(HtmlReader(), b"<div>" * 1000 + b"tief" + b"</div>" * 1000)

    assert document.text == "tief"


def test_a_page_that_the_parser_gives_up_on_is_refused_and_not_cut_off() -> None:
    with pytest.raises(UnreadableFile, match="depth"):
        read(HtmlReader(), b"<p>vorn</p>" + b"<div>" * 5000 + b"tief")


def test_a_page_in_windows_encoding_is_read() -> None:
    raw = '<meta charset="iso-8859-1"><p>Gebühr</p>'.encode("cp1252")

    assert read(HtmlReader(), raw)[0].text == "Gebühr"
