"""Personal data: recall and precision per kind on court decisions, findings and MB/s on statutes, in one process.

Decisions are the 6,666 sentences of LER's development set, scanned one by one and put together from their tokens; the
annotation is not ours. An entity counts as found where a finding of its kind covers it by half at least and is not more
than twice as long; the same match makes a finding right. Most of these persons are initials ("Zeuge K."), which only
findings below a confidence of 0.6 are about: `decisions_confident` leaves those out, as the default policy does, and
`spelt_out_confident` is the recall over those who are named.
Statutes name nobody, so what is found there is an error or a public address. Needs ../shared/data (or
CLARA_SHARED_DATA). Bound: 8 MB of statutes per second of CPU.
"""

import lzma
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.datasets.pii.base import Finding
from backend.datasets.pii.scanner import Scanner
from tests.support.shared_data import SHARED_DATA

MB_PER_S = 8.0
CONFIDENT = 0.6
_KIND_OF = {"PER": "person", "RR": "judge", "AN": "lawyer", "STR": "address", "ST": "place"}
_NO_SPACE_BEFORE = frozenset(".,;:)]?!")
_EVERY = 10
_WORD = re.compile("[^\\W\\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with what it names: tag, start, end."""

    text: str
    entities: Sequence[tuple[str, int, int]]


def measure() -> dict[str, Any]:
    missing = [name for name in ("ler_dev.conll.xz", "gesetze.tar.xz") if not (SHARED_DATA / name).is_file()]
    if missing:
        return {"skipped": f"{', '.join(missing)} not in {SHARED_DATA}", "holds": True}
    scanner = Scanner()
    scanned = [(sentence, scanner.scan(sentence.text)) for sentence in sentences()]
    speed = _speed(scanner)
    return {
        "decisions": {tag: figures(scanned, tag, 0.0) for tag in _KIND_OF},
        "spelt_out_confident": {tag: spelt_out(scanned, tag) for tag in ("PER", "RR")},
        "decisions_confident": {tag: figures(scanned, tag, CONFIDENT) for tag in _KIND_OF},
        **speed,
        "bounds": {"mb_per_s": MB_PER_S},
        "holds": speed["mb_per_s"] >= MB_PER_S,
    }


def sentences() -> Iterator[Sentence]:
    """Sentences of the annotated decisions."""
    with lzma.open(SHARED_DATA / "ler_dev.conll.xz", "rt", encoding="utf-8") as stream:
        for block in stream.read().split("\n\n"):
            tokens = [line.split() for line in block.splitlines() if line.strip()]
            if tokens:
                yield _sentence([(word, tag) for word, tag in tokens])


def _sentence(tokens: Sequence[tuple[str, str]]) -> Sentence:
    text = ""
    entities: list[tuple[str, int, int]] = []
    for word, tag in tokens:
        if text and not (word[0] in _NO_SPACE_BEFORE or text[-1] in "(["):
            text += " "
        start = len(text)
        text += word
        if tag.startswith("B-"):
            entities.append((tag[2:], start, len(text)))
        elif tag.startswith("I-") and entities:
            name, begin, _ = entities[-1]
            entities[-1] = (name, begin, len(text))
    return Sentence(text, entities)


def figures(scanned: Sequence[tuple[Sentence, Sequence[Finding]]], tag: str, least: float) -> dict[str, float]:
    """Recall and precision of one tag, of findings with at least this confidence."""
    entities = found = findings = right = 0
    for sentence, all_findings in scanned:
        own = [each for each in all_findings if each.kind == _KIND_OF[tag] and each.confidence >= least]
        wanted = [(start, end) for name, start, end in sentence.entities if name == tag]
        entities += len(wanted)
        findings += len(own)
        found += sum(any(_match(each, span) for each in own) for span in wanted)
        right += sum(any(_match(each, span) for span in wanted) for each in own)
    return {
        "entities": entities,
        "recall": round(found / entities, 3),
        "findings": findings,
        "precision": round(right / findings, 3) if findings else 0.0,
    }


def spelt_out(scanned: Sequence[tuple[Sentence, Sequence[Finding]]], tag: str) -> dict[str, float]:
    """Recall over entities that are more than initials, of findings that the default policy acts on."""
    wanted = [
        (findings, (start, end))
        for sentence, findings in scanned
        for name, start, end in sentence.entities
        if name == tag and _WORD.search(sentence.text[start:end])
    ]
    found = sum(
        any(each.kind == _KIND_OF[tag] and each.confidence >= CONFIDENT and _match(each, span) for each in findings)
        for findings, span in wanted
    )
    return {"entities": len(wanted), "recall": round(found / len(wanted), 3)}


def _match(finding: Finding, span: tuple[int, int]) -> bool:
    start, end = span
    shared = min(finding.end, end) - max(finding.start, start)
    return 2 * shared >= end - start and 2 * shared >= finding.end - finding.start


def _speed(scanner: Scanner) -> dict[str, Any]:
    texts = list(law_sections(every=_EVERY))
    size_mb = sum(len(text.encode()) for text in texts) / 1e6
    seconds, findings = [], []
    for _ in range(3):
        started = time.process_time()
        findings = [each for text in texts for each in scanner.scan(text)]
        seconds.append(time.process_time() - started)
    confident = Counter(each.kind for each in findings if each.confidence >= CONFIDENT)
    return {
        "statutes_mb": round(size_mb, 1),
        "mb_per_s": round(size_mb / min(seconds), 1),
        "confident_findings_per_mb": {kind: round(count / size_mb, 2) for kind, count in sorted(confident.items())},
    }


def law_sections(*, every: int) -> Iterator[str]:
    """Every so many laws, cut at their headings."""
    with tarfile.open(SHARED_DATA / "gesetze.tar.xz") as laws:
        files = [member for member in laws if member.isfile() and member.name.endswith(".md")]
        for member in files[::every]:
            stream = laws.extractfile(member)
            if stream is not None:
                yield from stream.read().decode().split("\n#")
