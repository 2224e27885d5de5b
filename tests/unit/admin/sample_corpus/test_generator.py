"""The sample corpus is reproducible, varied, complete in formats and free of leftovers."""

import csv
import json
import re
from itertools import combinations
from pathlib import Path
from random import Random
from xml.etree.ElementTree import parse

import docx
import pytest

from admin.sample_corpus.__main__ import main
from admin.sample_corpus.bank import Kind, load_kinds
from admin.sample_corpus.compose import compose
from admin.sample_corpus.document import Document
from admin.sample_corpus.generator import FORMATS, write_sample_corpus
from admin.sample_corpus.slots import UnknownSlot, fill

KINDS = load_kinds()
MOST_IDENTICAL_ON_AVERAGE = 0.20
MOST_IDENTICAL_IN_A_PAIR = 0.35


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sample_corpus(tmp_path_factory.mktemp("corpus"))


def text_bytes(paths: list[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths if path.suffix != ".docx"}


def readable_text(path: Path) -> str:
    if path.suffix == ".docx":
        return "\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return "\n".join("\n".join(json.loads(line).values()) for line in text.splitlines())
    return text


def paragraphs_of(document: Document) -> set[tuple[str, tuple[str, ...]]]:
    return {(p.text, p.items) for section in document.sections for p in section.paragraphs}


def identical_fraction(first: Document, second: Document) -> float:
    one, other = paragraphs_of(first), paragraphs_of(second)
    return len(one & other) / min(len(one), len(other))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_sample_corpus(tmp_path / "a", documents=20, seed=3)
    second = write_sample_corpus(tmp_path / "b", documents=20, seed=3)
    assert [path.name for path in first] == [path.name for path in second]
    assert text_bytes(first) == text_bytes(second)


def test_another_seed_gives_other_texts(tmp_path: Path) -> None:
    first = write_sample_corpus(tmp_path / "a", documents=20, seed=3)
    second = write_sample_corpus(tmp_path / "b", documents=20, seed=4)
    assert not set(text_bytes(first).values()) & set(text_bytes(second).values())


def test_a_larger_corpus_begins_with_the_smaller_one(tmp_path: Path) -> None:
    small = text_bytes(write_sample_corpus(tmp_path / "a", documents=10))
    large = text_bytes(write_sample_corpus(tmp_path / "b", documents=20))
    assert small.items() <= large.items()


def test_the_default_corpus_has_one_to_one_point_six_megabytes(corpus: list[Path]) -> None:
    size_bytes = sum(len(readable_text(path).encode()) for path in corpus)
    assert len(corpus) == 150
    assert 1_000_000 <= size_bytes <= 1_600_000


def test_every_declared_format_is_present_from_seven_documents_on(tmp_path: Path) -> None:
    paths = write_sample_corpus(tmp_path, documents=7)
    assert {path.suffix.removeprefix(".") for path in paths} == set(FORMATS)


def test_most_documents_are_markdown(corpus: list[Path]) -> None:
    assert sum(path.suffix == ".md" for path in corpus) > 0.8 * len(corpus)


def test_no_slot_is_left_unresolved(corpus: list[Path]) -> None:
    for path in corpus:
        assert not re.search(r"[{}]|list:|ref\.", readable_text(path)), path.name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_two_documents_of_one_kind_share_few_paragraphs(kind: Kind) -> None:
    documents = [compose(kind, f"Ort{n}", Random(f"pairs/{n}")) for n in range(8)]
    fractions = [identical_fraction(a, b) for a, b in combinations(documents, 2)]
    assert sum(fractions) / len(fractions) < MOST_IDENTICAL_ON_AVERAGE
    assert max(fractions) < MOST_IDENTICAL_IN_A_PAIR


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_wording_of_a_kind_can_be_filled(kind: Kind) -> None:
    for seed in range(60):
        document = compose(kind, "Musterort", Random(seed))
        assert 10 <= len(document.sections) <= 20
        assert all(text and "  " not in text and "{" not in text for text, _ in paragraphs_of(document))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_paragraph_has_at_least_three_different_wordings(kind: Kind) -> None:
    for part in kind.parts:
        for section in part.sections:
            for wordings in section.paragraphs:
                assert len(set(wordings)) >= 3, section.headings


def test_markdown_has_the_shape_of_official_legal_markdown(corpus: list[Path]) -> None:
    texts = [path.read_text(encoding="utf-8") for path in corpus if path.suffix == ".md"]
    front = re.compile(r"---\nTitle: .+\njurabk: \S+\nlayout: default\nslug: [a-z0-9-]+\n---\n")
    for text in texts:
        assert front.match(text)
        assert re.search(r"^Ausfertigungsdatum\n:   \d{4}-\d\d-\d\d$", text, re.MULTILINE)
        assert re.search(r"^##+ § 1 ", text, re.MULTILINE)
        wrapped = [line for line in text.splitlines() if not line.startswith(("#", "Title", ":"))]
        assert max(map(len, wrapped)) <= 70
    everything = "\n".join(texts)
    assert "## Abschnitt 1 - " in everything
    assert "(weggefallen)" in everything
    assert re.search(r"^1\.  \S", everything, re.MULTILINE)


def test_structured_formats_can_be_parsed(corpus: list[Path]) -> None:
    for path in corpus:
        if path.suffix == ".xml":
            root = parse(path).getroot()
            assert root.findtext("title")
            assert len(root.findall("section/heading")) >= 10
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as table:
                rows = list(csv.DictReader(table))
            assert len(rows) >= 15
            assert set(rows[0]) == {"id", "title", "text"}
        elif path.suffix == ".jsonl":
            records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            assert all(set(record) == {"id", "title", "text"} for record in records)


def test_the_command_reports_files_and_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--documents", "8", "--seed", "1"]) == 0
    files = list((tmp_path / "out").iterdir())
    size_bytes = sum(path.stat().st_size for path in files)
    assert capsys.readouterr().out.startswith(f"8 files, {size_bytes} bytes")


def test_an_undeclared_slot_is_named_in_the_error() -> None:
    with pytest.raises(UnknownSlot, match="gibtesnicht"):
        fill("Ein {gibtesnicht}.", {}, Random(0))


def test_slots_draw_numbers_amounts_and_choices() -> None:
    text = fill("{n:4-4} Tage, {e:1250-1250}, {ja|ja} {|}.", {}, Random(0))
    assert text == "4 Tage, 1.250,00 Euro, ja."
