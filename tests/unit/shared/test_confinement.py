from pathlib import Path

import pytest

from shared.confinement import PathNotAllowed, confined


@pytest.mark.parametrize("asked", ["../x", "/etc/passwd", "a/../../x", "a\x00b", "x" * 256, "a/" + "ü" * 128])
def test_what_leaves_the_folder_or_names_no_file_is_refused(tmp_path: Path, asked: str) -> None:
    with pytest.raises(PathNotAllowed):
        confined(tmp_path, asked)


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "inside").mkdir()
    (root / "stays").symlink_to(root / "inside")
    (root / "leaves").symlink_to(tmp_path)

    assert confined(root, "stays/a.txt") == (root / "inside" / "a.txt").resolve()
    with pytest.raises(PathNotAllowed):
        confined(root, "leaves/a.txt")


@pytest.mark.parametrize(
    "asked",
    ["NUL", "con.txt", "a/COM1", "aux .json", "LPT¹.x", "a:b", "a:", "name.", "name ", "C:x", "conin$"],
)
def test_names_of_devices_and_streams_are_refused_on_windows_only(tmp_path: Path, asked: str) -> None:
    with pytest.raises(PathNotAllowed, match="Windows"):
        confined(tmp_path, asked, is_windows=True)

    assert confined(tmp_path, asked, is_windows=False).is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("asked", ["console.txt", "a/b.yaml", "Satzung § 1.md", "com.txt", "./a", "nul1"])
def test_plain_names_pass_on_windows_too(tmp_path: Path, asked: str) -> None:
    assert confined(tmp_path, asked, is_windows=True).is_relative_to(tmp_path.resolve())
