"""What every file reader must do, whatever it reads."""

import io
import json

import pytest

from backend.datasets.ingest.base import BaseReader, ReadContext, ReadLimits, UnreadableFile
from backend.datasets.ingest.registry import installed_formats
from shared.models.document import ParsedDocument
from tests.support.files import read


def assert_nothing_is_lost(document: ParsedDocument) -> None:
    """Bodies lie where their offsets say, in order; what is between them is headings and white space."""
    position = 0
    between = []
    for section in document.sections:
        assert document.text[section.start : section.end] == section.text
        assert section.start >= position
        between.append(document.text[position : section.start])
        position = section.end
    between.append(document.text[position:])
    headings = (heading for section in document.sections for heading in section.heading_path)
    named = set(_without_marks(" ".join(headings)))
    for word in _without_marks(" ".join(between)):
        assert word in named


def _without_marks(text: str) -> list[str]:
    return text.replace("#", " ").replace("**", "").split()


class ReaderContract:
    """Subclass it with a reader and a valid file; `truncated_is_refused` if half of a file is no file."""

    reader: BaseReader
    truncated_is_refused = False

    def sample(self) -> bytes:
        """A valid file that holds the word "Hundesteuer"."""
        raise NotImplementedError

    def test_it_is_found_by_its_suffixes(self) -> None:
        formats = installed_formats()

        for suffix in self.reader.suffixes:
            assert type(formats.reader(f"Ordner/Datei{suffix.upper()}")) is type(self.reader)

    def test_a_file_becomes_documents_with_words_and_metadata(self) -> None:
        documents = read(self.reader, self.sample(), "satzung.x")

        assert any("Hundesteuer" in document.text for document in documents)
        for document in documents:
            assert document.title
            assert document.media_type == self.reader.media_type
            assert [section.ordinal for section in document.sections] == list(range(len(document.sections)))
            assert json.loads(json.dumps(document.metadata, allow_nan=False)) == document.metadata
            assert_nothing_is_lost(document)

    def test_keys_tell_the_documents_of_a_file_apart(self) -> None:
        keys = [document.key for document in read(self.reader, self.sample())]

        assert len(set(keys)) == len(keys)
        assert len(keys) == 1 or all(keys)

    def test_the_same_bytes_are_the_same_documents(self) -> None:
        assert read(self.reader, self.sample()) == read(self.reader, self.sample())

    def test_an_empty_file_is_refused_with_its_name(self) -> None:
        with pytest.raises(UnreadableFile) as refused:
            read(self.reader, b"", "leer.x")

        assert refused.value.context["name"] == "leer.x"
        assert refused.value.reason

    @pytest.mark.parametrize(
        "garbage", [b"\x00\x01\x02\xff\xfe" * 200, bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n\x00"]
    )
    def test_binary_garbage_is_refused(self, garbage: bytes) -> None:
        with pytest.raises(UnreadableFile):
            read(self.reader, garbage)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
    def test_a_truncated_file_is_refused_or_read_but_never_crashes(self, share: float) -> None:
        raw = self.sample()[: int(len(self.sample()) * share)]
        try:
            documents = read(self.reader, raw)
        except UnreadableFile:
            return
        assert not self.truncated_is_refused
        assert documents

    def test_a_document_past_the_text_limit_is_refused(self) -> None:
        limits = ReadLimits(max_document_chars=5)
        skipped: list[str] = []
        ctx = ReadContext("groß.x", limits, lambda _key, reason: skipped.append(reason))
        try:
            assert list(self.reader.read(io.BytesIO(self.sample()), ctx)) == []
        except UnreadableFile as refused:
            skipped.append(refused.reason)

        assert any("limit" in reason for reason in skipped)
