"""`clara quality`: what people and scripts see of the child's answers."""

import json

import pytest

from frontend.cli import quality_cli
from frontend.cli.quality_process import NoSuchDocument
from tests.support.answering_child import Child
from tests.support.cli import Clara

PROFILE = {
    "name": "legal-de",
    "version": 2,
    "key": "legal-de-2+bb30383e",
    "description": "Statutes.",
    "language": "de",
    "review_below": 0.7,
    "limits": [
        {
            "signal": "digit_share",
            "soft": 0.097,
            "hard": 0.32,
            "reason": "many_digits",
            "is_minimum": False,
            "weight": 1.0,
            "min_words": 20,
            "max_words": None,
        },
        {
            "signal": "words",
            "soft": 20.0,
            "hard": 5.0,
            "reason": "stub",
            "is_minimum": True,
            "weight": 0.3,
            "min_words": 0,
            "max_words": 400,
        },
    ],
}
TALLY = {
    "profile": "legal-de-2+bb30383e",
    "sections": 4000,
    "words": 512000,
    "characters": 3_100_000,
    "decisions": {"keep": 3980, "review": 15, "reject": 5},
    "rules": {"many_digits": {"rejected": 5, "alone": 4, "overruled": 1, "examples": ["doc_1:1:0", "doc_gone:1:0"]}},
    "doubted": {"stop_word_share": {"sections": 15, "examples": ["doc_2:1:3"]}},
    "rulings": {"kept": 1, "rejected": 0},
    "scores": [5, *[0] * 11, 15, *[0] * 6, 3980],
    "examples": {
        "doc_1:1:0": {"document": "Gebührensatzung", "number": "Anlage 1", "heading": "", "text": "1 2,00 2 4,00"},
        "doc_2:1:3": {"document": "Satzung", "number": "§ 4", "heading": "Inhalt", "text": "Inhalt [rot] Anhang"},
    },
}
LIMIT = {"side": "at_most", "soft": 0.097, "hard": 0.32, "reason": "many_digits", "signal": "digit_share"}
SECTION = {
    "section_id": "doc_1:1:0",
    "text_key": "9f2c",
    "number": "§ 3a",
    "heading": "Gebühren",
    "words": 240,
    "score": 0.002,
    "decision": "keep",
    "profile_decision": "reject",
    "ruling": "kept",
    "reasons": ["many_digits"],
    "signals": {"digit_share": 0.690412},
    "limits": [{**LIMIT, "value": 0.690412, "rejects": True, "penalty": 1.0}],
}
PLAIN = {"number": "", "heading": "", "decision": "keep", "profile_decision": "keep", "ruling": None, "reasons": []}
EXPLAINED = {
    "document": {"document_id": "doc_1", "title": "Satzung", "source": "amt", "path": "a.md", "version": 1},
    "profile": "legal-de-2+bb30383e",
    "sections": [SECTION, {**SECTION, **PLAIN, "section_id": "doc_1:1:1", "limits": []}],
}
CALIBRATED = {
    "path": "permits.yaml",
    "texts": 5120,
    "from": "legal-de-2+bb30383e",
    "changes": [{"signal": "digit_share", "soft": [0.097, 0.0233], "hard": [0.32, 0.4], "reason": "many_digits"}],
}


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    # the child itself is run by the journeys; here its answers are given
    child = Child()
    monkeypatch.setattr(quality_cli, "run_quality", child)
    return child


def rows(stdout: str) -> list[list[str]]:
    return [line.split() for line in stdout.splitlines()]


def test_a_profile_is_a_table_of_limits(clara: Clara, child: Child) -> None:
    child.result = PROFILE

    shown = clara("quality", "profile", "--profile", "legal-de")

    assert child.arguments == ("profile", "--profile=legal-de")
    assert shown.exit_code == 0
    assert ["many_digits", "digit_share", "at", "most", "0.097", "0.32", "1", "≥", "20"] in rows(shown.stdout)
    assert ["stub", "words", "at", "least", "20", "5", "0.3", "0", "–", "400"] in rows(shown.stdout)
    assert json.loads(clara("quality", "profile", "--json").stdout) == PROFILE
    assert child.arguments == ("profile",)


def test_a_preview_has_decisions_rules_and_examples(clara: Clara, child: Child) -> None:
    child.result = TALLY

    shown = clara("quality", "preview")

    assert (shown.exit_code, child.arguments) == (0, ("preview",))
    found = rows(shown.stdout)
    assert ["keep", "3,980", "99.50", "%"] in found
    assert ["many_digits", "5", "0.12", "%", "4", "1"] in found
    assert ["stop_word_share", "15", "0.38", "%"] in found
    assert ["many_digits", "doc_1:1:0", "Gebührensatzung", "Anlage", "1", "1", "2,00", "2", "4,00"] in found
    assert ["stop_word_share", "doc_2:1:3", "Satzung", "§", "4", "Inhalt", "[rot]", "Anhang"] in found
    assert "doc_gone" not in shown.stdout
    assert "1 kept and 0 rejected by people" in shown.stdout
    assert "Nothing was changed" in shown.stderr
    assert json.loads(clara("quality", "preview", "--json").stdout) == TALLY


def test_scores_are_bars_and_whatever_is_there_is_seen(clara: Clara, child: Child) -> None:
    child.result = TALLY

    found = rows(clara("quality", "preview").stdout)

    assert ["0.9", "–", "1.0", "3,980", "█" * 40] in found
    assert ["0.6", "–", "0.7", "15", "▏"] in found
    assert ["0.1", "–", "0.2", "0"] in found


def test_what_else_a_preview_finds_is_summed_up(clara: Clara, child: Child) -> None:
    child.result = {
        **TALLY,
        "duplicates": {"exact": 12, "near": 1300, "largest_clusters": []},
        "personal_data": {"sections": 3, "kinds": {"email": 4, "phone": 1}},
    }

    shown = clara("quality", "preview").stdout

    assert "12 sections equal others, 1,300 nearly" in shown
    assert "email 4, phone 1" in shown


def test_a_preview_of_nothing_says_how_to_get_documents(clara: Clara, child: Child) -> None:
    empty = {"rules": {}, "doubted": {}, "examples": {}, "scores": [0] * 20, "sections": 0}
    child.result = {**TALLY, **empty, "decisions": {"keep": 0, "review": 0, "reject": 0}}

    assert "clara ingest" in clara("quality", "preview").stdout


def test_a_run_says_where_to_go_on(clara: Clara, child: Child) -> None:
    child.result = {"run_id": "quality_1", **TALLY}

    shown = clara("quality", "run", "--profile", "permits.yaml")

    assert child.arguments == ("run", "--profile=permits.yaml")
    assert "15. Work through them: clara quality review" in shown.stderr
    assert clara.json("quality", "run")["run_id"] == "quality_1"


def test_a_calibration_shows_old_and_new_limits(clara: Clara, child: Child) -> None:
    child.result = CALIBRATED

    shown = clara("quality", "calibrate", "--out", "permits.yaml", "--soft", "0.98")

    assert child.arguments == ("calibrate", "--out=permits.yaml", "--soft=0.98")
    assert ["many_digits", "digit_share", "0.097", "0.0233", "0.32", "0.4"] in rows(shown.stdout)
    assert "5,120 different sections" in shown.stderr
    assert "CLARA_QUALITY_PROFILE=permits.yaml" in shown.stderr
    child.result = {**CALIBRATED, "changes": []}
    assert "Every limit is as in legal-de-2" in clara("quality", "calibrate", "--out", "b.yml").stdout


def test_what_was_learnt_is_told_with_its_limits(clara: Clara, child: Child) -> None:
    limit = {"signal": "order_gain", "soft": 1.25, "hard": 0.5, "is_minimum": True}
    child.result = {"path": "/x/fluency.model", "sha256": "ab", "trained_words": 512_000, "limits": [limit]}

    shown = clara("quality", "learn")

    assert child.arguments == ("learn",)
    assert ["order_gain", "at", "least", "1.25", "0.5"] in rows(shown.stdout)
    assert "512,000 words" in shown.stderr
    assert clara.json("quality", "learn") == child.result


@pytest.mark.parametrize(
    "arguments",
    [
        ("calibrate",),
        ("calibrate", "--out", "permits.txt"),
        ("calibrate", "--out", "permits.yaml", "--soft", "0.3"),
        ("calibrate", "--out", "permits.yaml", "--hard", "1.1"),
        ("explain",),
        ("profile", "legal-de"),
        ("prewiev",),
    ],
)
def test_a_wrong_order_is_exit_code_2_and_starts_nothing(
    clara: Clara, child: Child, arguments: tuple[str, ...]
) -> None:
    assert clara("quality", *arguments).exit_code == 2
    assert child.arguments == ()


def test_a_document_is_explained_section_by_section(clara: Clara, child: Child) -> None:
    child.result = EXPLAINED

    shown = clara("quality", "explain", "doc_1")

    assert child.arguments == ("explain", "--", "doc_1")
    explained = ["doc_1:1:0", "§", "3a", "Gebühren", "240", "0.002", "keep", "(profile:", "reject)", "many_digits"]
    assert explained in rows(shown.stdout)
    assert ["doc_1:1:1", "240", "0.002", "keep"] in rows(shown.stdout)
    assert "--section N" in shown.stderr
    assert clara.json("quality", "explain", "doc_1") == EXPLAINED


@pytest.mark.parametrize("section", ["0", "00", "§ 3a", "§3A"])
def test_a_section_is_explained_limit_by_limit(clara: Clara, child: Child, section: str) -> None:
    child.result = EXPLAINED

    shown = clara("quality", "explain", "doc_1", "--section", section)

    assert shown.exit_code == 0, shown.stderr
    assert ["digit_share", "0.6904", "at", "most", "0.097", "0.32", "1", "many_digits"] in rows(shown.stdout)
    assert clara.json("quality", "explain", "doc_1", "--section", section)["sections"] == [SECTION]


@pytest.mark.parametrize("section", ["7", "§ 9", "-1"])
def test_a_section_that_is_not_there_is_exit_code_4(clara: Clara, child: Child, section: str) -> None:
    child.result = EXPLAINED

    shown = clara("quality", "explain", "doc_1", f"--section={section}")

    assert (shown.exit_code, "section_not_found" in shown.stderr) == (4, True)


def test_an_unknown_document_is_exit_code_4(clara: Clara, child: Child) -> None:
    child.result = NoSuchDocument("No document has the id 'x'.")

    shown = clara("quality", "explain", "x")

    assert (shown.exit_code, "No document has the id 'x'" in shown.stderr) == (4, True)
