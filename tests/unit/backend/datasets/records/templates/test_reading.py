"""Template files of an installation: what is wrong with one is said with its name and line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.templates.reading import MOST_BYTES, UnusableTemplate, read_template
from backend.datasets.records.templates.registry import (
    DEFAULT,
    UnknownTemplate,
    chosen_templates,
    installed_kinds,
    installed_templates,
)
from backend.datasets.records.templates.slots import BadSlot, check_slots, filled

GOOD_FILE = """\
name: eigene_frage
version: 2
kind: question
when:
  numbered: true
  headings: [Gebühren]
shapes: [messages]
questions:
  - "Was kostet es nach {reference}? {{sic}}"
answer: "{body}"
"""


def written(folder: Path, text: str, name: str = "eigene.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_template_of_the_installation_stands_beside_the_built_in_ones(tmp_path: Path) -> None:
    written(tmp_path, GOOD_FILE)
    written(tmp_path, "no template", "notes.txt")
    template = installed_templates(tmp_path)["eigene_frage"]

    assert (template.version, template.is_built_in, template.kind.name) == (2, False, "question")
    assert template.conditions.headings == ("Gebühren",)
    assert {each.value for each in template.shapes} == {"messages"}


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("version: 2", "version: zwei", 2, "version"),
        ("version: 2", "version: 2\nversion: 3", 3, "stands twice"),
        ("kind: question", "kind: questoin", 3, "did you mean 'question'"),
        ("numbered: true", "numbered: ja", 5, "when.numbered"),
        ("headings: [Gebühren]", "heading: Gebühren", 6, "when.heading"),
        ("shapes: [messages]", "shapes: [messages, text]", 7, "'text' is none of"),
        ("{reference}?", "{refrence}?", 9, "it fills {body}, {heading}"),
        ("{reference}?", "{reference.__class__}?", 9, "begins no slot"),
        ("{reference}?", "{0}?", 9, "begins no slot"),
        ("{{sic}}", "{sic", 9, "begins no slot"),
        ('answer: "{body}"', 'answer: ""', 10, "answer"),
        ('answer: "{body}"', "", 1, "answer"),
        ('answer: "{body}"', 'answer: !!python/object/apply:os.system ["true"]', 10, "no YAML"),
        ("name: eigene_frage", "name: Eigene Frage", 1, "name"),
        ("name: eigene_frage", "name: question", 1, "is a kind of templates"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(old: str, new: str, line: int, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD_FILE.replace(old, new))

    with pytest.raises(UnusableTemplate) as caught:
        read_template(path, installed_kinds(), is_built_in=False)

    assert f"eigene.yaml, line {line}: " in caught.value.message
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "text", ["x" * (MOST_BYTES + 1), "a: &a [1]\nb: *a", "- 1\n- 2", "", "[" * 5000, "\x00", "a: 2024-13-45"]
)
def test_no_file_is_taken_for_a_template_that_is_none(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)

    with pytest.raises(UnusableTemplate, match=r"eigene\.yaml"):
        read_template(path, installed_kinds(), is_built_in=False)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"name: \xff\xfe")

    with pytest.raises(UnusableTemplate, match="no UTF-8"):
        installed_templates(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "fremd.yaml").symlink_to(written(tmp_path, GOOD_FILE))

    with pytest.raises(UnusableTemplate, match="leads out of the folder"):
        installed_templates(folder)


def test_a_name_that_another_template_has_is_refused(tmp_path: Path) -> None:
    written(tmp_path, GOOD_FILE.replace("eigene_frage", "question_headed"))

    with pytest.raises(UnusableTemplate, match="there is a template 'question_headed' already"):
        installed_templates(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnusableTemplate, match="CLARA_TEMPLATES"):
        installed_templates(tmp_path / "none")


def test_templates_are_chosen_by_name_and_by_kind() -> None:
    installed = installed_templates()

    by_kind = [each.name for each in chosen_templates(DEFAULT, installed)]
    assert len(by_kind) == 5
    assert [each.name for each in chosen_templates(["summary_heading", "citation"], installed)] == [
        "citation_wording",
        "summary_heading",
    ]
    with pytest.raises(UnknownTemplate, match="Did you mean 'citation'"):
        chosen_templates(["citatoin"], installed)


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["a", "b_c"]), st.text(max_size=10), min_size=2))
def test_what_passes_the_check_can_be_filled(text: str, values: dict[str, str]) -> None:
    try:
        check_slots(text, values.keys())
    except BadSlot:
        return
    filled(text, values)
