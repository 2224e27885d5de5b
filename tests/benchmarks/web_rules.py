"""The profile `datatrove-compat` beside DataTrove: verdicts of four filters, and megabytes per CPU second.

Gopher's quality and repetition filters, C4's and FineWeb's with their defaults, over 300 real English web pages, the
same pages spoilt in seven ways, and 5,000 sections of German law. Each side has a process of its own with one thread,
in turn; its best of three rounds counts, measured in CPU time without starting up. Ours begins every round without a
known word. `legal_de_mb_s` is the whole profile `legal-de` over the same texts in the same rounds: normalising, the
language and all its signals. DataTrove's four filters see one text after the other, so that they share its words.
Needs ../shared/data (or CLARA_SHARED_DATA) and, in CLARA_TEST_DATATROVE, the Python of an environment with DataTrove
(tests/support/datatrove_peer.py says how to make one).
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.datatrove_peer import FILTERS, MISSING, PYTHON, Verdict, ours, theirs, whole_profile
from tests.support.real_texts import LAWS, PAGES, law_sections, web_pages
from tests.support.shared_data import SHARED_DATA
from tests.support.web_texts import spoilt

ROUNDS = 3
SECTIONS = 5_000
RATIO_BOUND = 10.0


@dataclass(frozen=True, slots=True)
class _Compared:
    """Both sides over the same texts: what they said, and their best CPU seconds."""

    size_mb: float
    our_s: float
    their_s: float
    whole_s: float
    pairs: Sequence[tuple[Verdict, Verdict]]

    def figures(self) -> dict[str, Any]:
        """What the line says."""
        return {
            "texts": len(self.pairs),
            "size_mb": round(self.size_mb, 1),
            "ours_mb_s": round(self.size_mb / self.our_s, 2),
            "datatrove_mb_s": round(self.size_mb / self.their_s, 2),
            "times_datatrove": round(self.their_s / self.our_s, 1),
            "legal_de_mb_s": round(self.size_mb / self.whole_s, 2),
            "equal_verdicts": {name: self._equal_share(name) for name in (*FILTERS, "c4_text")},
            "kept_by_all": sum(all(our[name] is None for name in FILTERS) for our, _ in self.pairs),
        }

    def _equal_share(self, name: str) -> float:
        return sum(our[name] == their[name] for our, their in self.pairs) / len(self.pairs)


def measure() -> dict[str, Any]:
    if lacking := [name for name in (PAGES, LAWS) if not (SHARED_DATA / name).is_file()]:
        return {"skipped": f"{', '.join(lacking)} not there; set CLARA_SHARED_DATA", "holds": True}
    if not PYTHON:
        return {"skipped": MISSING, "holds": True}
    pages = web_pages()
    corpora = {"web_pages": pages, "spoilt_pages": list(spoilt(pages)), "law_sections": law_sections(SECTIONS)}
    with tempfile.TemporaryDirectory() as folder:
        compared = {name: _side_by_side(texts, Path(folder)) for name, texts in corpora.items()}
    figures = {name: each.figures() for name, each in {**compared, "all": _together(compared)}.items()}
    is_equal = set(figures["all"]["equal_verdicts"].values()) == {1.0}
    return {
        **figures,
        "bounds": {"times_datatrove": RATIO_BOUND, "equal_verdicts": 1.0},
        "holds": is_equal and all(each["times_datatrove"] >= RATIO_BOUND for each in figures.values()),
    }


def _side_by_side(texts: Sequence[str], folder: Path) -> _Compared:
    rounds = [(ours(texts, folder), theirs(texts, folder), whole_profile(texts, folder)) for _ in range(ROUNDS)]
    our_s, their_s, whole_s = (min(run.cpu_s for run in runs) for runs in zip(*rounds, strict=True))
    our, their, _ = rounds[0]
    size_mb = sum(len(text.encode()) for text in texts) / 1e6
    return _Compared(size_mb, our_s, their_s, whole_s, list(zip(our.verdicts, their.verdicts, strict=True)))


def _together(compared: Mapping[str, _Compared]) -> _Compared:
    each = compared.values()
    pairs = [pair for corpus in each for pair in corpus.pairs]
    return _Compared(
        sum(corpus.size_mb for corpus in each),
        sum(corpus.our_s for corpus in each),
        sum(corpus.their_s for corpus in each),
        sum(corpus.whole_s for corpus in each),
        pairs,
    )
