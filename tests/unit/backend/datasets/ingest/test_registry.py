"""A new format is one new file."""

import sys
from pathlib import Path

import pytest

from backend.datasets.ingest import readers
from backend.datasets.ingest.registry import installed_formats, suffix_of

NEW_READER = """
from backend.datasets.ingest.base import BaseReader
from backend.datasets.ingest.outline import assemble


class {name}(BaseReader):
    media_type = "text/x-test"
    suffixes = ("{suffix}",)

    def read(self, stream, ctx):
        yield assemble(ctx, stream.read().decode(), media_type=self.media_type)
"""


@pytest.fixture
def reader_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as part of the readers' package."""
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path)])
    yield tmp_path
    for module in [name for name in sys.modules if name.startswith(f"{readers.__name__}.extra_")]:
        del sys.modules[module]


def test_a_file_with_a_reader_is_all_it_takes(reader_folder: Path) -> None:
    (reader_folder / "extra_rst_reader.py").write_text(NEW_READER.format(name="RstReader", suffix=".rst"))

    formats = installed_formats()

    assert formats.knows("handbuch.RST")
    assert type(formats.reader("handbuch.rst")).__name__ == "RstReader"


def test_two_readers_of_one_suffix_are_a_mistake(reader_folder: Path) -> None:
    (reader_folder / "extra_md_reader.py").write_text(NEW_READER.format(name="OtherMarkdown", suffix=".md"))

    with pytest.raises(ValueError, match=r"\.md"):
        installed_formats()


@pytest.mark.parametrize(
    ("name", "suffix"), [("a/b.tar.GZ", ".gz"), ("ohne", ""), (".hidden", ""), ("a.b/ohne", ""), ("x.md", ".md")]
)
def test_the_suffix_decides(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_the_error_for_an_unknown_format_names_those_we_know() -> None:
    assert ".md" in installed_formats().unknown("bild.png").reason
