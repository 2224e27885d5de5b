"""Builds of a running service: rulings, repetitions, evaluation sets, personal data, fluency; settings to records."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.language.fluency.file import save_model
from backend.datasets.language.fluency.model import FluencyModel
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.normalise import normalise
from shared.database.stores import open_stores
from shared.models.events import AuditEntry
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from tests.support.dataset_service import DatasetService, running_service
from tests.support.language_corpus import documents
from tests.support.legal_texts import GOOD, section_text

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "datasets.md"
KEY = "a key of sixteen bytes and more"
LETTERS = {
    "one.md": f"# Bescheid an Frau Lindner\n\n## § 1 Antrag\n\nHerr Krause klagt gegen die Stadt.\n\n{GOOD}\n",
    "two.md": "# Vermerk\n\n## § 1 Aussage\n\nDie Zeugin Krause und Frau Lindner haben ausgesagt, dass die Anlage der "
    "Gemeinde nach der Benutzung nicht in einem sauberen Zustand verlassen worden ist und die Verwaltung darüber nicht "
    "schriftlich unterrichtet wurde.\n",
}


def _upload(service: DatasetService, texts: Mapping[str, str]) -> None:
    files = [("files", (name, text.encode(), "text/markdown")) for name, text in texts.items()]
    service.call("POST", "/api/datasets/upload", files=files, data={"source": "amt"})


def _built(service: DatasetService, **changes: Any) -> Any:
    dataset = service.finished(service.create(**changes))
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset


def _texts(service: DatasetService, dataset: Any) -> list[str]:
    page = service.call("GET", f"/api/datasets/{dataset['dataset_id']}/records?limit=500")
    return [record["text"] for record in page["records"]]


def _statistics(dataset: Any) -> Any:
    return dataset["metadata"]["statistics"]


def _notes(dataset: Any) -> list[Any]:
    lines = (Path(dataset["path"]).parent / "quality" / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _policy_of_the_guide(folder: Path) -> str:
    (example,) = re.findall(r"```yaml\n(# whoever .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    path = folder / "personal-data.yaml"
    path.write_text(str(example), encoding="utf-8")
    return str(path)


def test_the_policy_of_the_guide_gives_one_person_one_pseudonym_in_builds_and_streams(tmp_path: Path) -> None:
    settings = {"CLARA_PII_POLICY": _policy_of_the_guide(tmp_path), "CLARA_PII_KEY": KEY}
    with running_service(tmp_path / "home", settings) as service:
        _upload(service, LETTERS)
        dataset = _built(service)
        texts = _texts(service, dataset)
        streamed = service.client.post(
            "/api/datasets/stream", json={"name": "Satzungen", "search_query": {"query_text": "*"}}
        ).text

    built = "\n".join(texts)
    people = [set(re.findall(pattern, built)) for pattern in (r"(?:Herr|Zeugin) (Person-\w+)", r"Frau (Person-\w+)")]
    assert len(texts) == 2
    assert [len(each) for each in people] == [1, 1]
    assert people[0] != people[1]
    assert all(next(iter(each)) in streamed for each in people)
    assert not re.search("Krause|Lindner", built + streamed)
    found = _statistics(dataset)["personal_data"]
    assert found["policy"].startswith("our-permits-1+")
    assert found["kinds"]["person"]["pseudonymise"] >= 3


@pytest.mark.parametrize(
    ("key", "reason"), [({}, "no key for them is given"), ({"CLARA_PII_KEY": "short"}, "at least 16 bytes")]
)
def test_a_service_that_cannot_make_pseudonyms_does_not_start_and_says_why(
    tmp_path: Path, key: Mapping[str, str], reason: str
) -> None:
    settings = {"CLARA_PII_POLICY": _policy_of_the_guide(tmp_path), **key}
    with (
        pytest.raises(AssertionError, match="ended at its start"),
        running_service(tmp_path / "home", settings),
    ):
        pass
    log = (tmp_path / "home.log").read_text(encoding="utf-8")
    assert reason in log
    assert "Traceback" not in log


def test_rulings_in_the_database_and_the_mode_of_the_request_reach_the_records(tmp_path: Path) -> None:
    twin = GOOD.replace("öffentlichen Grünanlagen", "städtischen Grünanlagen")
    texts = {
        **{f"{number}.md": f"# Satzung\n\n## § 1 Gebühr\n\n{text}\n" for number, text in enumerate((GOOD, twin))},
        "other.md": f"# Andere Satzung\n\n## § 1 Pflicht\n\n{section_text(1, 1)}\n",
    }
    with running_service(tmp_path / "home") as service:
        _upload(service, texts)
        near = _built(service)
        off = _built(service, deduplicate="off")
        _reject(tmp_path / "home", section_text(1, 1))
        ruled = _built(service)

    assert _statistics(near)["sections"]["dropped"] == {"near_duplicate": 1}
    assert _statistics(near)["clusters"] == 1
    # twins may stay within a split, never across
    assert _statistics(off)["sections"]["dropped"] == {"split_twin": 1}
    assert _statistics(ruled)["sections"]["dropped"] == {"near_duplicate": 1, "rejected_by_review": 1}
    assert sorted(str(note["ruling"]) for note in _notes(ruled)) == ["None", "None", "rejected"]


def test_builds_do_without_what_evaluation_sets_ask_for_and_fail_on_a_set_that_cannot_be_read(tmp_path: Path) -> None:
    golden = tmp_path / "golden" / "satzungen.jsonl"
    golden.parent.mkdir()
    # a section word by word behind its question, and one whose words stand in another order
    hidden = [GOOD, " ".join(reversed(section_text(1, 2).split()))]
    rows = [{"prompt": "Wie lautet die Vorschrift?", "completion": text} for text in hidden]
    golden.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    # all is trained on, whatever the names of the files say
    split = {"train": 1, "validation": 0, "test": 0}
    with running_service(tmp_path / "home", {"CLARA_EVALUATION_SETS": str(golden.parent)}) as service:
        service.upload(2)
        _upload(service, {"hidden.md": f"# Satzung\n\n## § 1 Gebühr\n\n{GOOD}\n"})
        first, second = _built(service, split=split), _built(service, split=split)
        kept = _built(service, split=split, decontaminate=False)
        texts, all_texts = (" ".join("\n".join(_texts(service, each)).split()) for each in (first, kept))
        golden.write_text('{"prompt": "Wie"}\n{"prompt": ', encoding="utf-8")
        failed = service.finished(service.create())

    contamination = _statistics(first)["contamination"]
    assert _statistics(first)["sections"]["dropped"] == {"contaminated": 1}
    assert contamination["coverage"] == {"satzungen.jsonl": {"texts": 2, "covered": 1, "left": 0}}
    (note,) = (note for note in _notes(first) if note["dropped"])
    assert note["evaluation_text"] == "satzungen.jsonl:1"
    assert note["evaluation_share"] > 0.9
    assert "haften als Gesamtschuldner" not in texts
    assert "Die Entscheidung Nummer 102 ist" in texts
    assert (first["content_sha256"], _statistics(first)) == (second["content_sha256"], _statistics(second))
    assert _statistics(kept)["contamination"] is None
    assert "haften als Gesamtschuldner" in all_texts
    assert failed["status"] == "failed"
    assert "satzungen.jsonl, line 2: this is no JSON" in failed["error_message"]


def test_builds_judge_by_a_fluency_model_from_the_moment_it_lies_in_the_data_folder(tmp_path: Path) -> None:
    # a seed of which no text says a sentence twice, which would cost it its score
    known = {
        f"{name}.md": f"# Bescheid\n\n## § 1 Gründe\n\n{text}\n" for name, text in documents(3, sections=1, seed=8)
    }
    with running_service(tmp_path / "home") as service:
        service.upload(2)
        _upload(service, known)
        before = _built(service)
        folder = tmp_path / "home" / "data" / "quality"
        folder.mkdir(parents=True, exist_ok=True)
        save_model(_strict_model(), folder / "fluency.model")
        after = _built(service)

    # the model knows the words of one corpus and not those of the other
    assert _statistics(before)["sections"]["dropped"] == {}
    assert _statistics(after)["sections"]["dropped"] == {"unknown_words": 12}
    assert _statistics(after)["documents"] == len(known)
    assert len({_statistics(dataset)["quality_profile"] for dataset in (before, after)}) == 2


def _strict_model() -> FluencyModel:
    """A model of few texts with the limit on unknown words that many would give it: its own is wide."""
    model = train(documents(400))
    limits = [replace(each, hard=0.3) if each.signal == "out_of_vocabulary" else each for each in model.limits]
    return FluencyModel(model.arrays, limits, model.trained_words)


def _reject(home: Path, text: str) -> None:
    stores = open_stores(f"sqlite:///{(home / 'clara.db').as_posix()}")
    try:
        doubt = Doubt(text_key_of(normalise(text)), "s", "d", 0.5, ("doubtful",), "legal-de-1")
        audit = AuditEntry(action="quality.ruled", object_type="text", object_id=doubt.text_key, actor="anna")
        stores.reviews.rule(doubt, Ruling(ReviewState.REJECTED, "anna"), audit=audit)
    finally:
        stores.close()
