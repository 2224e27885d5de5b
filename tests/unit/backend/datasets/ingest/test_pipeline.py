"""From folders to registered documents."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backend.datasets.ingest.base import ReadLimits
from backend.datasets.ingest.events import IngestEvent, IngestEventKind, IngestSummary
from backend.datasets.ingest.pipeline import ingest_files, ingest_paths
from backend.datasets.ingest.walk import SourceFile
from shared.database.base import DocumentInput, DocumentStore
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from shared.models.document import Document
from tests.support.files import LAW, a_docx, a_zip, a_zip_bomb
from tests.support.store_values import an_audit

Ingest = Callable[..., IngestSummary]


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Ingest:
    """Ingest the folder `tmp_path`."""

    def run(**options: object) -> IngestSummary:
        settings = {"store": stores.documents, "source": "amt", "ingested_by": "anna@amt.example", **options}
        return ingest_paths([tmp_path], **settings)  # type: ignore[arg-type]  # options of one test each

    return run


def documents(store: DocumentStore) -> dict[str, Document]:
    """Path -> document, by path."""
    return {document.path: document for document in sorted(store.page(limit=1000).items, key=lambda found: found.path)}


def problems(summary: IngestSummary) -> dict[str, str]:
    """Path -> reason."""
    return {problem.path: problem.reason for problem in summary.problems}


def write(root: Path, **files: bytes | str) -> None:
    """Files below `root`; `__` in a name is a folder, the last `_` the dot."""
    for name, content in files.items():
        path = root / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_a_folder_becomes_documents_with_their_provenance(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    write(tmp_path, recht__hunde_md=LAW, notiz_txt="Kurz")

    summary = ingest()

    found = documents(stores.documents)
    assert list(found) == ["notiz.txt", "recht/hunde.md"]
    assert found["recht/hunde.md"].size_bytes == len(LAW.encode())
    assert found["recht/hunde.md"].ingested_by == "anna@amt.example"
    assert (summary.counts.documents_new, summary.counts.sections) == (2, 6)
    assert (summary.counts.files_done, summary.counts.files_committed, summary.files_total) == (2, 2, 2)


def test_the_same_bytes_again_change_nothing(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    members = {"a.md": b"# A\n\nText", "t.csv": b"id,text\n1,eins\n"}
    write(tmp_path, a_md=LAW, b_csv="id,text\n1,eins\n2,zwei\n", c_zip=a_zip(members))
    ingest()
    before = documents(stores.documents)

    again = ingest()

    assert documents(stores.documents) == before
    assert (again.counts.documents_new, again.counts.documents_updated, again.counts.sections) == (0, 0, 0)
    assert again.counts.documents_unchanged == len(before) == 5


def test_changed_bytes_are_a_new_version(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    write(tmp_path, a_md=LAW, b_csv="id,text\n1,eins\n2,zwei\n")
    ingest()
    write(tmp_path, a_md=LAW + "\n## § 9 Neu\n\nMehr.\n", b_csv="id,text\n1,eins\n2,anders\n")

    summary = ingest()

    versions = {path: document.version for path, document in documents(stores.documents).items()}
    assert versions == {"a.md": 2, "b.csv#1": 1, "b.csv#2": 2}
    assert (summary.counts.documents_updated, summary.counts.documents_unchanged) == (2, 1)


def test_members_of_a_zip_are_named_behind_it(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    members = {
        "recht/a.md": b"# A\n\nText",
        "tabelle.csv": b"id,text\nx,eins\n",
        "bild.png": b"\x89PNG",
        "__MACOSX/._a.md": b"x",
        "kaputt.docx": b"nein",
        "../raus.md": b"x",
    }
    write(tmp_path, alles_zip=a_zip(members))

    summary = ingest()

    assert list(documents(stores.documents)) == ["alles.zip!/recht/a.md", "alles.zip!/tabelle.csv#x"]
    assert set(problems(summary)) == {"alles.zip!/kaputt.docx", "alles.zip!/../raus.md"}
    assert summary.counts.skipped == 2


def test_broken_files_are_reported_by_name_and_the_rest_goes_in(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    write(
        tmp_path,
        a_docx=a_docx(("Normal", "heil"))[:500],
        b_xml=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        c_zip=a_zip_bomb(),
        d_txt=b"\x00\x01",
        e_pdf=b"%PDF-1.4 Unsinn",
        f_txt=b"",
        z_md=LAW,
    )

    summary = ingest()

    assert list(documents(stores.documents)) == ["z.md"]
    assert sorted(problems(summary)) == ["a.docx", "b.xml", "c.zip", "d.txt", "e.pdf", "f.txt"]
    assert summary.counts.failed == 6
    assert all(problems(summary).values())


def test_broken_lines_are_failures_of_their_own(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    write(tmp_path, a_jsonl='{"text": "gut"}\nkaputt\n')

    summary = ingest()

    assert list(documents(stores.documents)) == ["a.jsonl#1"]
    assert list(problems(summary)) == ["a.jsonl#line 2"]


def test_hidden_files_links_and_unknown_formats_are_skipped_aloud(
    ingest: Ingest, stores: Stores, tmp_path: Path
) -> None:
    write(tmp_path, a_md=LAW, bild_png=b"\x89PNG")
    (tmp_path / ".geheim.md").write_text(LAW)
    (tmp_path / ".git").mkdir()
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "ordner").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "rohr.md")
    events: list[IngestEvent] = []

    summary = ingest(report=events.append)

    assert list(documents(stores.documents)) == ["a.md"]
    skipped = {event.path: event.reason for event in events if event.kind is IngestEventKind.SKIPPED}
    assert set(skipped) == {".geheim.md", ".git", "bild.png", "link.md", "ordner", "rohr.md"}
    assert (summary.counts.skipped, summary.counts.failed, summary.files_total) == (6, 0, 1)


def test_a_path_that_is_not_there_is_a_failure(stores: Stores, tmp_path: Path) -> None:
    missing = tmp_path / "fehlt.md"

    summary = ingest_paths([missing], store=stores.documents, source="s", ingested_by="a")

    assert problems(summary) == {str(missing): "there is no such file or folder"}


def test_files_given_by_name_must_be_readable(stores: Stores, tmp_path: Path) -> None:
    write(tmp_path, a_png=b"\x89PNG", b_md=LAW)
    (tmp_path / "link").symlink_to(tmp_path / "b.md")
    files = [
        SourceFile(tmp_path / "a.png", "bild.png"),
        SourceFile(tmp_path / "b.md", "recht/hunde.md"),
        SourceFile(tmp_path / "b.md", "recht/hunde.md"),
        SourceFile(tmp_path / "link", "link.md"),
        SourceFile(tmp_path, "ordner.md"),
        SourceFile(tmp_path / "fehlt", "fehlt.md"),
        SourceFile(tmp_path / "b.md", "falsch\udcff.md"),
    ]

    summary = ingest_files(files, store=stores.documents, source="s", ingested_by="a")

    assert list(documents(stores.documents)) == ["recht/hunde.md"]
    assert set(problems(summary)) == {
        "bild.png",
        "recht/hunde.md",
        "link.md",
        "ordner.md",
        "fehlt.md",
        "falsch\ufffd.md",
    }


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_a_failure(ingest: Ingest, tmp_path: Path) -> None:
    write(tmp_path, a_md=LAW, zu__b_md=LAW)
    (tmp_path / "zu").chmod(0)
    try:
        summary = ingest()
    finally:
        (tmp_path / "zu").chmod(0o700)

    assert list(problems(summary)) == ["zu"]


def test_files_past_the_limit_are_refused_unread(ingest: Ingest, tmp_path: Path) -> None:
    write(tmp_path, gross_md="x" * 101, zip_zip=a_zip({"a.md": b"# A\n\nText"}))

    summary = ingest(limits=ReadLimits(max_file_bytes=100, max_archive_bytes=50))

    assert set(problems(summary)) == {"gross.md", "zip.zip"}


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_rows_past_the_limit_are_left_out_and_said(ingest: Ingest, stores: Stores, tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        **{name: "text\nEins\nZwei\nDrei" if name.endswith("csv") else '{"text": "Eins"}\nx\n{"text": "Drei"}'},
    )

    summary = ingest(limits=ReadLimits(max_rows=2))

    assert "more than 2 rows" in problems(summary)[name]
    assert "Drei" not in {section.section.text for section in stores.documents.iter_sections()}
    assert stores.documents.count() >= 1
    assert not problems(ingest(limits=ReadLimits(max_rows=3))).keys() & {name}


def test_events_count_up_to_the_summary(ingest: Ingest, tmp_path: Path) -> None:
    write(tmp_path, **{f"d{number:03}_md": f"# T\n\n{number}" for number in range(130)})
    events: list[IngestEvent] = []

    summary = ingest(report=events.append)

    commits = [event.counts.documents_new for event in events if event.kind is IngestEventKind.COMMITTED]
    assert commits == [64, 128, 130]
    assert events[-1].counts == summary.counts
    assert (events[0].files_total, events[0].bytes_total) == (130, summary.counts.bytes_done)


def test_what_was_erased_is_refused_and_named_and_the_rest_is_taken(
    ingest: Ingest, stores: Stores, tmp_path: Path
) -> None:
    write(tmp_path, a_md=LAW, b_csv="id,text\n1,eins\n2,zwei\n")
    ingest()
    gone = {path: each.document_id for path, each in documents(stores.documents).items() if path != "b.csv#2"}
    for document_id in gone.values():
        stores.documents.erase(document_id, audit=an_audit())
    write(tmp_path, a_md=LAW + "\n## § 9 Neu\n\nMehr.\n", b_csv="id,text\n1,eins\n2,neu\n")

    summary = ingest()

    assert (list(documents(stores.documents)), summary.counts.failed) == (["b.csv#2"], 2)
    assert {each.path for each in summary.problems} == set(gone)
    assert all("was erased" in each.reason for each in summary.problems)
    assert summary.counts.documents_updated == 1


class _DyingStore:
    """A document store that goes away after some batches, as a killed process leaves it."""

    def __init__(self, inner: DocumentStore, batches: int) -> None:
        self._inner = inner
        self._left = batches
        self.known, self.erased = inner.known, inner.erased

    def put_many(self, items: Sequence[DocumentInput]) -> Sequence[tuple[Document, bool]]:
        if not self._left:
            raise Unavailable("gone")
        self._left -= 1
        return self._inner.put_many(items)


def test_an_ingest_that_died_goes_on_where_it_was(ingest: Ingest, stores: Stores, tmp_path: Path) -> None:
    write(tmp_path, **{f"d{number:03}_md": f"# T\n\n{number}" for number in range(200)})
    with pytest.raises(Unavailable):
        ingest(store=_DyingStore(stores.documents, batches=2))
    assert stores.documents.count() == 128

    summary = ingest()

    assert (summary.counts.documents_unchanged, summary.counts.documents_new) == (128, 72)
    assert {document.version for document in documents(stores.documents).values()} == {1}
    assert stores.documents.count() == 200
