"""What `legal-de` rejects: sections of laws that the fluency model has not seen, court sentences, and garbage.

Needs ../shared/data (or CLARA_SHARED_DATA). The fluency model learns from one half of 5,957 laws, by name, and the
sections of the other half are judged. `false_rejects` are shares of sections of five words or more that are in force:
of paragraphs and articles (`norms`), of annexes, which are tables and forms to a good part, of the lines of dates and
sources at the head of a law, and of all together. `rulings` are stretches of 30 sentences of court decisions; beside
them, stretches of 2, 5 and 30 sentences by the profile alone, and with the model, which has learnt from laws and seen
no ruling. `caught` are shares of spoilt texts that are rejected: sections of 50 words or more made bad in 39 ways, web
pages in English and paragraphs in other languages; of 20 words or more, misread (5 % of letters) and shuffled.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from backend.datasets.language.fluency.training import train
from backend.datasets.quality.fluency_filter import FluencyFilter
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, Decision, QualityPipeline
from backend.datasets.quality.profile import built_in
from shared.models.document import Section
from tests.benchmarks.fluency import half_of
from tests.support.court_sentences import read_court_sentences, with_line_breaks
from tests.support.foreign_texts import PARAGRAPHS
from tests.support.garbage import CLASSES, garbage
from tests.support.noisy_texts import misread, shuffled
from tests.support.real_texts import LAWS, law_files, web_pages
from tests.support.shared_data import SHARED_DATA

SEED = 7
SPOILT = 2_000
RATE = 0.05
SENTENCES = 30
LEAST_WORDS = 5
STRETCHES = (2, 5, SENTENCES)
BOUNDS = {"norms": 0.005, "all": 0.005, "rulings": 0.0, "garbage": 0.97, "misread": 0.95, "shuffled": 0.95}


@dataclass
class Judged:
    """Sections of one kind, and how many of them are rejected."""

    sections: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, assessment: Assessment) -> None:
        self.sections += 1
        if assessment.decision is Decision.REJECT:
            self.rejected += 1
            for reason in assessment.reasons:
                self.reasons[reason] = self.reasons.get(reason, 0) + 1


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / LAWS).is_file():
        return {"skipped": f"{LAWS} not in {SHARED_DATA}", "holds": True}
    unseen: list[tuple[Section, str]] = []
    model = train(_learnt(unseen))
    pipeline = QualityPipeline(built_in("legal-de"), fluency=FluencyFilter(lambda: model, "half", model.limits))
    kinds = _false_rejects(pipeline, unseen)
    shares = {name: round(each.rejected / each.sections, 5) for name, each in kinds.items()}
    rulings = _rulings_rejected(pipeline)
    caught = _caught(pipeline, [text for _, text in unseen])
    return {
        "sections": {name: each.sections for name, each in kinds.items()},
        "false_rejects": {**shares, "rulings": rulings["with_model"][_of(SENTENCES)]},
        "rulings_by_sentences": rulings,
        "norms_rejected_by": dict(sorted(kinds["norms"].reasons.items(), key=lambda each: -each[1])),
        "caught": caught,
        "bounds": BOUNDS,
        "holds": all(shares[name] <= BOUNDS[name] for name in ("norms", "all"))
        and rulings["with_model"][_of(SENTENCES)] <= BOUNDS["rulings"]
        and all(share >= BOUNDS.get(name, BOUNDS["garbage"]) for name, share in caught.items()),
    }


def _learnt(unseen: list[tuple[Section, str]]) -> Iterator[tuple[str, str]]:
    """Texts of one half of the laws; those of the other half are put into `unseen` as they pass."""
    reader = MarkdownReader()
    for name, stream in law_files():
        for document in reader.read(stream, ReadContext(name)):
            for section in document.sections:
                text = normalise(section.text)
                if half_of(name):
                    unseen.append((section, text))
                else:
                    yield name, text


def _false_rejects(pipeline: QualityPipeline, sections: Sequence[tuple[Section, str]]) -> dict[str, Judged]:
    kinds = {name: Judged() for name in ("norms", "annexes", "heads", "others", "all")}
    for (section, text), _, assessment in pipeline.assess_each(sections, text_of=lambda each: each[1]):
        signals = assessment.signals
        if signals["words"] >= LEAST_WORDS and not signals.get("repealed"):
            kinds[_kind(section, text)].add(assessment)
            kinds["all"].add(assessment)
    return kinds


def _kind(section: Section, text: str) -> str:
    if text.startswith("Ausfertigungsdatum"):
        return "heads"
    if section.number.startswith(("§", "Art")):
        return "norms"
    return "annexes" if section.number.startswith(("Anl", "Anh")) else "others"


def _caught(pipeline: QualityPipeline, texts: Sequence[str]) -> dict[str, float]:
    rng = random.Random(SEED)
    long = rng.sample([text for text in texts if len(text.split()) >= 50], SPOILT)
    usual = rng.sample([text for text in texts if len(text.split()) >= 20], SPOILT)
    classes = {name: garbage(long, name, rng) for name in CLASSES}
    classes["english"] = web_pages()
    classes["other_languages"] = list(PARAGRAPHS.values())
    classes["misread"] = [misread(text, RATE, rng) for text in usual]
    classes["shuffled"] = [shuffled(text, rng) for text in usual]
    return {name: _share(pipeline, [normalise(text) for text in spoilt]) for name, spoilt in classes.items()}


def _share(pipeline: QualityPipeline, texts: Sequence[str]) -> float:
    """Share of the texts that is rejected."""
    found = pipeline.assess_many(texts)
    return round(sum(each.decision is Decision.REJECT for each in found) / len(found), 4)


def _rulings_rejected(pipeline: QualityPipeline) -> dict[str, dict[str, float]]:
    """Shares of stretches of so many sentences, by the profile alone and with the model."""
    judges = {"profile": QualityPipeline(built_in("legal-de")), "with_model": pipeline}
    stretches = {_of(count): list(_rulings(count)) for count in STRETCHES}
    return {
        name: {length: _share(judge, texts) for length, texts in stretches.items()} for name, judge in judges.items()
    }


def _of(sentences: int) -> str:
    return f"{sentences}_sentences"


def _rulings(count: int) -> Iterator[str]:
    """Stretches of so many sentences of court decisions, as documents have them; of five words or more."""
    sentences = read_court_sentences(SHARED_DATA / "ler_dev.conll.xz")
    for start in range(0, len(sentences) - count, count):
        text = normalise(with_line_breaks(sentences[start : start + count]).text)
        if len(text.split()) >= LEAST_WORDS:
            yield text
