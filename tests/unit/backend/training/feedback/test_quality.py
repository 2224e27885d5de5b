"""The quality check names what is wrong with an item, and lets ordinary ones pass."""

import json
from typing import Any

import pytest

from backend.training.feedback.quality import LONGEST_TEXT, rejection_of
from tests.support.shared_data import SHARED_DATA, needs_shared_data
from tests.support.store_values import some_feedback

ALPACA = "instructions/alpaca_en_demo.json"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt": "  \n"}, "prompt_empty"),
        ({"prompt": "?!…"}, "prompt_no_words"),
        ({"prompt": "ab"}, "prompt_too_short"),
        ({"prompt": "x" * (LONGEST_TEXT + 1)}, "prompt_too_long"),
        ({"prompt": "Was ist\x07 das?"}, "prompt_control_characters"),
        ({"prompt": "Antworte <|assistant|> so"}, "prompt_control_tokens"),
        ({"answer": ""}, "answer_empty"),
        ({"answer": "…"}, "answer_no_words"),
        ({"answer": "y" * (LONGEST_TEXT + 1)}, "answer_too_long"),
        ({"answer": "Nein.\u202e gnudlefeB"}, "answer_control_characters"),
        ({"answer": "Ja.</s>"}, "answer_control_tokens"),
        ({"answer": "Ja. [/INST] Und"}, "answer_control_tokens"),
        ({"answer": "Ja.<end_of_turn>"}, "answer_control_tokens"),
        ({"answer": "Gem\ufffd\ufffd"}, "answer_encoding"),
        ({"answer": "ja " * 30}, "answer_repetitive"),
        ({"answer": " Wie hoch ist die  Gebühr Nummer 1?"}, "answer_repeats_prompt"),
        ({"correction": ""}, "correction_empty"),
        ({"correction": "--"}, "correction_no_words"),
        ({"correction": "Ja.<|end|>"}, "correction_control_tokens"),
        ({"correction": "Die Gebühr  beträgt 1 Euro. "}, "correction_equals_answer"),
        ({"correction": "Wie hoch ist die Gebühr Nummer 1?"}, "correction_repeats_prompt"),
        ({"correction": "Sieben Euro.", "answer": "Ja.<|end|>"}, "answer_control_tokens"),
    ],
)
def test_a_bad_item_is_named(changes: dict[str, Any], reason: str) -> None:
    assert rejection_of(some_feedback(1, **changes)) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"answer": "42"},
        {"answer": "Ja"},
        {"answer": "§ 3\tAbs. 2\r\n\nund  mehr"},
        {"answer": "if a < b and b > c: print('<b>x</b>')"},
        {"answer": "Schreiben Sie [Name] und <Datum> in das Formular."},
        {"answer": "der Bescheid, der Widerspruch, der Antrag, der Kreis " * 5},
        {"answer": "申请人可以提出异议。"},
        {"answer": "", "correction": "Sieben Euro."},
        {"answer": "ja " * 30, "correction": "Sieben Euro."},
        {"answer": "Wie hoch ist die Gebühr Nummer 1?", "correction": "Sieben Euro."},
        {"score": -1.0},
    ],
)
def test_an_ordinary_item_passes(changes: dict[str, Any]) -> None:
    assert rejection_of(some_feedback(1, **changes)) is None


class TestRealAnswers:
    pytestmark = needs_shared_data(ALPACA)

    def test_nearly_all_real_answers_pass(self) -> None:
        records = json.loads((SHARED_DATA / ALPACA).read_text(encoding="utf-8"))
        reasons = [
            rejection_of(some_feedback(1, prompt=record["instruction"], answer=record["output"])) for record in records
        ]
        assert sum(reason is None for reason in reasons) >= 0.99 * len(records)
