"""No record of a later split says what one of an earlier split does, whoever made it of whatever piece of a passage."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build import SplitLeak
from backend.datasets.build_plan import BuildResult
from backend.datasets.pii.treating import PersonalData
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafting import KeptPassage, RunningTextDrafter, TemplateDrafter
from backend.datasets.records.drafts import Draft
from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.preferences import FeedbackPairs, PreferenceDrafter
from backend.datasets.records.templates.registry import chosen_templates, installed_templates
from shared.models.dataset import Deduplication, RecordFormat, Split
from shared.models.feedback import FeedbackItem
from tests.support.dataset_builds import a_plan, all_records, build, records
from tests.support.leak_measure import leaking_records
from tests.support.legal_texts import a_candidate

KINDS = ("question", "completion", "citation", "summary", "definition")
SHAPES = (RecordFormat.INSTRUCTION, RecordFormat.MESSAGES, RecordFormat.PROMPT_COMPLETION)
NO_LEAK = {"documents": 0, "texts": 0, "near_duplicates": 0}
_NOUNS = ("Antrag", "Bescheid", "Frist", "Anlage", "Satzung", "Friedhof", "Archiv", "Markt", "Straße", "Ausnahme")
_VERBS = ("beantragt", "genehmigt", "ändert", "versagt", "erhebt", "prüft", "bestätigt", "widerruft", "erteilt")


def sentence(chooser: random.Random) -> str:
    return (
        f"Die Stelle {chooser.randrange(10_000)} {chooser.choice(_VERBS)} nach dieser Satzung, wenn die Gemeinde es "
        f"{chooser.choice(_VERBS)}, für {chooser.choice(_NOUNS)} {chooser.randrange(10_000)} und "
        f"{chooser.choice(_NOUNS)} jede Erlaubnis, soweit {chooser.choice(_NOUNS)} {chooser.randrange(10_000)} gilt."
    )


def touched(text: str, chooser: random.Random) -> str:
    """The text, every second time with another word somewhere."""
    words = text.split(" ")
    if chooser.random() < 0.5:
        words[chooser.randrange(len(words) - 1)] = "jeweils"
    return " ".join(words)


def corpus(documents: int, *, first: int = 0) -> list[Candidate]:
    """Sections that are no twins of each other, while their openings, definitions and ends stand in many of them."""
    same = random.Random("shared")
    openings, ends = ([" ".join(sentence(same) for _ in range(3)) for _ in range(8)] for _ in range(2))
    defined = [f"Anlage im Sinne dieser Satzung ist {sentence(same)}" for _ in range(8)]
    return [
        section(number, openings=openings, defined=defined, ends=ends) for number in range(first, first + documents)
    ]


def section(number: int, *, openings: Sequence[str], defined: Sequence[str], ends: Sequence[str]) -> Candidate:
    own = random.Random(number)
    paragraphs = [
        touched(own.choice(openings), own),
        " ".join(sentence(own) for _ in range(2)),
        touched(own.choice(defined), own),
        # what a text goes on with from its middle: shared by some
        touched(own.choice(ends), own) if own.random() < 0.5 else " ".join(sentence(own) for _ in range(3)),
    ]
    # fewer words than the profile wants, or none that are odd: of every quality
    noise = " ".join(["XYZ 123 ###"] * own.randrange(4))
    text = "\n\n".join(
        f"({place}) {text}" for place, text in enumerate([*paragraphs, noise] if noise else paragraphs, 1)
    )
    found = a_candidate(
        text, document=f"d{number}", path=f"satzungen/{number}.md", title=f"Satzung {number}", abbreviation=f"S{number}"
    )
    return replace(found, words=len(text.split()))


def templates_of(kinds: Sequence[str], shape: RecordFormat) -> TemplateDrafter:
    return TemplateDrafter([each for each in chosen_templates(kinds, installed_templates()) if shape in each.shapes])


def corrected(found: Iterable[Candidate]) -> PreferenceDrafter:
    """An answer about each section that somebody corrected, with nearly the same words as many others."""
    same = random.Random("answers")
    answers = [" ".join(sentence(same) for _ in range(2)) for _ in range(6)]
    items = {each.feedback_id: each for each in (an_item(about, answers) for about in found)}
    return PreferenceDrafter(FeedbackPairs(items.values(), items.__getitem__), PersonalData())


def an_item(about: Candidate, answers: Sequence[str]) -> FeedbackItem:
    own = random.Random(about.stored.document_id)
    return FeedbackItem(
        feedback_id=f"fb_{about.stored.document_id}",
        prompt=f"Was gilt nach § 1 {about.stored.abbreviation}?",
        answer=own.choice(("Das weiß ich nicht.", sentence(own))),
        correction=touched(own.choice(answers), own) if own.random() < 0.8 else f"{sentence(own)} {sentence(own)}",
        score=-1.0,
        source="ui",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        created_by="anna",
    )


def made_by_templates(folder: Path, kinds: Sequence[str], found: Sequence[Candidate], **changes: Any) -> BuildResult:
    shape = changes.pop("record_format", RecordFormat.MESSAGES)
    plan = a_plan(folder, **{"record_format": shape, "min_quality_score": 0.0, **changes})
    return build(plan, found, drafter=templates_of(kinds, shape))


@pytest.mark.parametrize(("kind", "shape"), [(kind, SHAPES[place % 3]) for place, kind in enumerate(KINDS)])
def test_no_template_makes_a_record_of_what_an_earlier_split_says(
    tmp_path: Path, kind: str, shape: RecordFormat
) -> None:
    result = made_by_templates(tmp_path / "1", [kind], corpus(150), record_format=shape)

    assert leaking_records(result) == set()
    assert result.statistics["split_leak"] == NO_LEAK
    assert len(records(result, Split.TRAIN)) > 80
    if kind in ("completion", "citation", "definition"):
        assert result.statistics["twin_records"] > 0
        assert result.statistics["sections"]["dropped"]["split_twin"] > 0


def test_of_several_templates_only_the_records_are_left_out_that_an_earlier_split_says(tmp_path: Path) -> None:
    result = made_by_templates(tmp_path / "1", KINDS, corpus(150))
    told = result.statistics
    held_out = [*records(result, Split.VALIDATION), *records(result, Split.TEST)]

    assert leaking_records(result) == set()
    assert told["twin_records"] > 5
    page = (result.records_dir.parent / "report" / "en.html").read_text(encoding="utf-8")
    assert f"although their sections differ: {told['twin_records']}." in page
    assert {each["metadata"]["template"] for each in held_out} >= {"question_headed", "summary_heading"}
    made = {name: each["records"] for name, each in told["template_files"].items()}
    assert sum(made.values()) == result.record_count
    assert {name: count for name, count in made.items() if count} == told["templates"]
    # whatever other template made something of them
    assert "split_twin" not in told["sections"]["dropped"]
    assert told["sections"]["kept"] + sum(told["sections"]["dropped"].values()) == told["sections"]["found"]


def test_no_preference_says_what_one_of_an_earlier_split_does(tmp_path: Path) -> None:
    found = corpus(150)
    plan = a_plan(tmp_path / "1", record_format=RecordFormat.PREFERENCE, min_quality_score=0.0)
    result = build(plan, found, drafter=corrected(found))

    assert leaking_records(result) == set()
    assert result.statistics["split_leak"] == NO_LEAK
    assert result.statistics["twin_records"] > 5
    assert all(records(result, split) for split in Split)


def test_documents_that_are_added_displace_nothing_that_is_trained_on(tmp_path: Path) -> None:
    before, added = corpus(80), corpus(160, first=1_000)
    plans = {"deduplicate": Deduplication.OFF}
    old = made_by_templates(tmp_path / "1", KINDS, before, **plans)
    new = made_by_templates(tmp_path / "2", KINDS, [*added, *before], **plans)
    was, now = ({each["record_id"]: each["metadata"]["split"] for each in all_records(one)} for one in (old, new))

    assert all(now[record_id] == split for record_id, split in was.items() if record_id in now)
    assert {record_id for record_id, split in was.items() if split == Split.TRAIN} <= now.keys()
    assert len(was.keys() - now.keys()) > 0


def test_a_higher_threshold_lets_no_record_in(tmp_path: Path) -> None:
    found, kept = corpus(120), []
    for threshold in (0.0, 0.9, 0.97, 1.0):
        folder = tmp_path / str(threshold)
        kept.append(
            {
                each["record_id"]
                for each in all_records(made_by_templates(folder, KINDS, found, min_quality_score=threshold))
            }
        )

    assert kept[0] > kept[1] > kept[2] > kept[3]


class _Boilerplate(RunningTextDrafter):
    """Says that its records are whole passages, and says the same of all."""

    def drafts(self, treated: TreatedPassage) -> list[Draft]:
        return [Draft("Satzung\nÜber alle Anlagen entscheidet die Stelle, die nach dieser Satzung zuständig ist.")]

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        return ((each, self.drafts(each.treated)) for each in kept)


def test_a_build_whose_splits_leak_after_all_fails_and_says_by_how_much(tmp_path: Path) -> None:
    with pytest.raises(SplitLeak, match="near_duplicates: ") as raised:
        build(a_plan(tmp_path / "1"), corpus(40), drafter=_Boilerplate())

    assert raised.value.code == "split_leak"
