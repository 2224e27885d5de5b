"""A page that is made of the code is written, or said to be out of date; a check writes nothing."""

from pathlib import Path

import pytest

from admin.scripts.generated_page import write_or_check


def _run(page: Path, content: str, *argv: str) -> int:
    return write_or_check(page, lambda: content, description="A page.\nMore.", argv=list(argv))


def test_a_page_is_written_and_then_current(tmp_path: Path) -> None:
    page = tmp_path / "guides" / "page.md"

    assert _run(page, "new\n", "--check") == 1
    assert not page.exists()
    assert _run(page, "new\n") == 0
    assert page.read_bytes() == b"new\n"
    assert _run(page, "new\n", "--check") == 0


def test_a_page_that_is_out_of_date_is_named_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("old\n", encoding="utf-8")

    assert _run(page, "new\n", "--check") == 1
    assert f"{page} is out of date; run `make docs`." in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == "old\n"
