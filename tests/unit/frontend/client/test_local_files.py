"""Which files are sent, under which names, in which portions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.client.local_files import LocalFile, NothingToIngest, PathMissing, batches, find_files


@pytest.fixture
def laws(tmp_path: Path) -> Path:
    folder = tmp_path / "laws"
    for name in ("bgb/a.md", "bgb/b.txt", "c.pdf", ".git/config", ".hidden", "~$c.docx", "Thumbs.db"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_folder_is_walked_in_a_stable_order_and_hidden_files_and_litter_stay(laws: Path) -> None:
    assert [(f.source, f.name) for f in find_files([laws])] == [
        ("laws", "bgb/a.md"),
        ("laws", "bgb/b.txt"),
        ("laws", "c.pdf"),
    ]


def test_a_file_sent_alone_is_the_same_document_as_within_its_folder(laws: Path) -> None:
    assert find_files([laws / "c.pdf", laws]) == find_files([laws])


def test_a_given_source_and_patterns_win(laws: Path) -> None:
    assert [(f.source, f.name) for f in find_files([laws], source="x", include=["*.md", "*.pdf"])] == [
        ("x", "bgb/a.md"),
        ("x", "c.pdf"),
    ]


def test_a_circle_of_links_ends(laws: Path) -> None:
    (laws / "bgb" / "again").symlink_to(laws)
    assert len(find_files([laws])) == 3


def test_missing_paths_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(PathMissing, match="nowhere"):
        find_files([tmp_path / "nowhere"])
    with pytest.raises(NothingToIngest, match=tmp_path.name):
        find_files([tmp_path])


@given(
    sizes=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 50)), max_size=40),
    max_bytes=st.integers(1, 60),
    max_files=st.integers(1, 7),
)
def test_portions_keep_every_file_its_order_and_both_bounds(
    sizes: list[tuple[str, int]], max_bytes: int, max_files: int
) -> None:
    files = [LocalFile(Path(str(n)), source, str(n), size) for n, (source, size) in enumerate(sizes)]
    cut = list(batches(files, max_bytes=max_bytes, max_files=max_files))
    assert [file for batch in cut for file in batch] == files
    for batch in cut:
        assert 1 <= len(batch) <= max_files
        assert len({file.source for file in batch}) == 1
        assert sum(file.size_bytes for file in batch) <= max_bytes or len(batch) == 1
