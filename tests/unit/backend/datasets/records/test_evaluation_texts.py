"""Evaluation sets of every shape that trainers read; what cannot be read is named with its line."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.evaluation_texts import UnusableEvaluationSet, read_evaluation_sets

_JSON = st.recursive(
    st.none() | st.integers(0, 9) | st.sampled_from(["", " ", "Ein Satz.", "\ud800", "system"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["content", "text", "role"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _write(folder: Path, name: str, *rows: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"text": "Ein Satz."}, "Ein Satz."),
        ({"completion": "Nein.", "prompt": "Darf ich?"}, "Darf ich?\n\nNein."),
        (
            {"instruction": "Fasse zusammen.", "input": "Satzung", "output": "Kurz."},
            "Fasse zusammen.\n\nSatzung\n\nKurz.",
        ),
        ({"question": "Wer?", "answer": None, "expected": ["Die Stadt", "Sie"]}, "Wer?\n\nDie Stadt\n\nSie"),
        ({"question": "Wer?", "answers": {"text": ["Die Stadt"], "answer_start": [3]}}, "Wer?\n\nDie Stadt"),
        (
            {"messages": [{"role": "system", "content": "Du bist im Amt."}, {"role": "user", "content": "Wann?"}]},
            "Wann?",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Wann?"}]}], "id": "a"}, "Wann?"),
        ({"conversations": [{"from": "system", "value": "x"}, {"from": "gpt", "value": "Heute."}]}, "Heute."),
        (
            {"prompt": "Wann?", "chosen": [{"role": "assistant", "content": "Heute."}], "rejected": "Nie."},
            "Wann?\n\nHeute.",
        ),
    ],
)
def test_a_line_is_one_text_of_what_is_asked_and_what_is_expected(tmp_path: Path, row: Any, text: str) -> None:
    _write(tmp_path, "golden.jsonl", row)
    (golden,) = read_evaluation_sets(tmp_path)

    assert golden.texts == {1: text}


def test_sets_lie_anywhere_below_the_folder_and_are_named_by_their_place(tmp_path: Path) -> None:
    _write(tmp_path, "z.jsonl", {"text": "Zwei"})
    path = _write(tmp_path, "amt/golden.jsonl", {"text": "Eins"})
    _write(tmp_path, "notes.md", {"text": "Drei"})
    sets = read_evaluation_sets(tmp_path)

    assert [each.name for each in sets] == ["amt/golden.jsonl", "z.jsonl"]
    assert sets[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_lines_keep_their_numbers_whatever_is_empty_between_and_before_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "Eins"}\r\n\r\n  \n{"text": "Zwei"}')

    assert read_evaluation_sets(tmp_path)[0].texts == {1: "Eins", 4: "Zwei"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "Ein', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'["Eins"]', "no JSON object"),
        (b'{"text": "\xff"}', "no UTF-8"),
        (b'{"texts": "Eins"}', "no text in any of the members text, messages"),
        (b'{"text": " ", "answer": 3}', "no text in any of the members"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_file_and_number(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "Eins"}\n' + line)

    with pytest.raises(UnusableEvaluationSet, match=rf"a\.jsonl, line 2: .*{reason}"):
        read_evaluation_sets(tmp_path)


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableEvaluationSet, match=r"no \*\.jsonl or \*\.json lies in this folder"):
        read_evaluation_sets(tmp_path)
    with pytest.raises(UnusableEvaluationSet, match="this is no folder"):
        read_evaluation_sets(tmp_path / "missing")


def _squad(*questions: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": [{"title": "Amt", "paragraphs": [{"context": "Das Amt hat auf.", "qas": list(questions)}]}]}


def test_a_question_of_a_squad_shaped_set_is_a_text_with_its_different_answers(tmp_path: Path) -> None:
    answers = [{"text": "Um acht", "answer_start": 3}, {"text": "Um acht"}, {"text": "8 Uhr"}]
    path = _write(
        tmp_path, "test.json", _squad({"question": "Wann?", "answers": answers}, {"question": "Wo?", "answers": []})
    )
    (found,) = read_evaluation_sets(tmp_path)

    assert found.texts == {1: "Wann?\n\nUm acht\n\n8 Uhr", 2: "Wo?"}
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not SQuAD-shaped"),
        (b"[]", "not SQuAD-shaped"),
        (b'{"data": [{"paragraphs": [{"qas": [{"question": 3}]}]}]}', "not SQuAD-shaped"),
        (b"[" * 100_000, "not SQuAD-shaped"),
        (b'{"data": "\xff"}', "not SQuAD-shaped"),
        (b'{"data": []}', "no question"),
    ],
)
def test_a_json_file_of_another_shape_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "test.json").write_bytes(content)

    with pytest.raises(UnusableEvaluationSet, match=rf"test\.json: .*{reason}"):
        read_evaluation_sets(tmp_path)


@given(rows=st.lists(st.dictionaries(st.sampled_from(["text", "messages", "y"]), _JSON), min_size=1, max_size=3))
def test_lines_of_any_shape_are_read_whole_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("sets")
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    refusal, texts = _read_or_refused(folder)

    assert (refusal == "") is (len(texts) == len(rows))
    assert refusal == "" or "a.jsonl, line" in refusal
    assert all(texts.values())


def _read_or_refused(folder: Path) -> tuple[str, Mapping[int, str]]:
    try:
        return "", read_evaluation_sets(folder)[0].texts
    except UnusableEvaluationSet as refusal:
        return refusal.message, {}
