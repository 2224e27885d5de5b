"""Files that settings name: what is wrong with them, without what stands in them."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from backend.datasets.settings_file import UnusableFile, read_settings_file


class Inner(BaseModel):
    word: str


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    inner: Inner | None = None


def written(folder: Path, content: bytes) -> Path:
    file = folder / "settings.yaml"
    file.write_bytes(content)
    return file


def test_a_file_is_what_its_model_says(tmp_path: Path) -> None:
    assert read_settings_file(written(tmp_path, b"number: 7"), Model) == Model(number=7)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"number: streng geheim", "^number: Input should be a valid integer"),
        (b"other: 1", "number: Field required; other: Extra inputs"),
        (b"number: [", r"no YAML \(line 1"),
        (b"number: \xff", "no UTF-8"),
        (b"#" * (1 << 20) + b"#", "larger than 1 MiB"),
        (b"", "^it is empty$"),
        (b"# nothing yet", "^it is empty$"),
        (b"- number", "of the form 'name: value'"),
        (b"geheim", "of the form 'name: value'"),
        (b"number: 7\ninner: 8", "inner: Input should be a mapping of names to values"),
    ],
)
def test_what_is_wrong_is_said_and_no_value_repeated(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(UnusableFile, match=reason) as refused:
        read_settings_file(written(tmp_path, content), Model)
    assert "geheim" not in str(refused.value)


def test_a_name_may_be_required_to_stand_once(tmp_path: Path) -> None:
    file = written(tmp_path, b"number: 1\nnumber: 2")

    assert read_settings_file(file, Model) == Model(number=2)
    with pytest.raises(UnusableFile, match="'number' stands twice"):
        read_settings_file(file, Model, names_once=True)


def test_a_missing_file_is_named_as_missing(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="No such file"):
        read_settings_file(tmp_path / "missing.yaml", Model)
