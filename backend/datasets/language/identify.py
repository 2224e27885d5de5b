"""Which language a text is, by its first thousand characters of prose.

Most texts are German, and where every tenth word is one of the frequent German words they are nothing else: lingua is
asked about the rest only. Tables, list marks, citations and lines without words say little about a language and are
left out, unless there is nothing else.

Lingua is told to choose from eleven languages. A Latin-script text in a twelfth comes out as one of them, rarely as
German; a text in another script is known by its script.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from backend.datasets.language.german_words import GERMAN_WORDS
from backend.datasets.language.scripts import foreign_script

if TYPE_CHECKING:
    from lingua import LanguageDetector

UNKNOWN = "und"
"""Code of a language that could not be told (BCP 47)."""
LANGUAGES = ("cs", "da", "de", "en", "es", "fr", "it", "la", "nl", "pl", "tr")
SAMPLE_CHARS = 1_000
MIN_WORDS = 5
_GERMAN_SHARE = 0.1
_GERMAN_LEAST = 3
_LEAST_SURE = 0.5  # of a language other than German, which is what most lists of names are in
_LOOK_CHARS = 4 * SAMPLE_CHARS
_WORD = re.compile(r"[^\W\d_]+")
_LIST_MARK = re.compile(r"\s*(?:\(?(?:\d+[a-z]?|[a-z]{1,2}|[ivxIVX]+)[.)]|[-–—•·*+>#]+)\s+")
_CITATION = re.compile(
    r"§§?\s*\d+\w?(?:\s*(?:Abs|Satz|S|Nr|Art)\.?\s*\d+\w?)*(?:\s+[A-ZÄÖÜ]\w*[A-Z]\w*)?"  # § 5 Abs. 2 VwVfG
    r"|\bBGBl\.?[^,;)\n]*|\b[A-Z]{2,}\w*\s\d[\d/., ]*"  # BGBl. I S. 12, NJW 2016, 576
)
# where a German law was published: a dozen words around it are a reference and no language of their own
_GAZETTE = re.compile(r"\b(?:Fundstelle|BGBl|RGBl|BAnz)\b")
_LITTLE_MORE = 15
_LEAST_PROSE_WORDS = 4
_LEAST_LETTERS = 0.6
_TABLE = re.compile(r"\||\t.*\t")


@dataclass(frozen=True, slots=True)
class Identified:
    """A language and how sure that is.

    Args:
        language: One of `LANGUAGES`, "und" where it cannot be told, or "und-Cyrl" and the like for another script.
        probability: Among `LANGUAGES`; 1 by frequent words and by script; 0 where it cannot be told.
    """

    language: str
    probability: float


def identify(text: str) -> Identified:
    """Language of a normalised text; "und" for texts of less than `MIN_WORDS` words."""
    sample = sample_of(text)
    words = _WORD.findall(sample.lower())
    german = sum(map(GERMAN_WORDS.__contains__, words))
    if german >= max(_GERMAN_LEAST, _GERMAN_SHARE * len(words)):
        return Identified("de", 1.0)
    if script := foreign_script(sample):
        return Identified(f"{UNKNOWN}-{script}", 1.0)
    if len(words) < _LITTLE_MORE and _GAZETTE.search(sample):
        return Identified("de", 1.0)
    if len(words) < MIN_WORDS:
        return Identified(UNKNOWN, 0.0)
    return ask_lingua(sample)


def sample_of(text: str) -> str:
    """The first prose lines of a text without list marks; its beginning where they have next to no words."""
    pieces: list[str] = []
    size = 0
    for line in _prose_lines(text[:_LOOK_CHARS]):
        pieces.append(line)
        size += len(line) + 1
        if size > SAMPLE_CHARS:
            break
    sample = "\n".join(pieces)[:SAMPLE_CHARS]
    return sample if _has_words(sample) else text[:SAMPLE_CHARS]


def _prose_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        if mark := _LIST_MARK.match(line):
            line = line[mark.end() :]
        if line.count(" ") + 1 < _LEAST_PROSE_WORDS and line.isascii():
            continue
        if not _TABLE.search(line) and sum(map(str.isalpha, line)) >= _LEAST_LETTERS * len(line) > 0:
            yield line


def ask_lingua(sample: str) -> Identified:
    """What lingua says about a sample without its citations, whatever its words."""
    without = _CITATION.sub(" ", sample)
    sample = without if _has_words(without) else sample
    # a lone surrogate, which a broken file may hold, is no text to lingua
    sample = sample.encode("utf-8", "replace").decode("utf-8")
    best = _detector().compute_language_confidence_values(sample)[0]
    code = best.language.iso_code_639_1.name.lower()
    if best.value < _LEAST_SURE and code != "de":
        return Identified(UNKNOWN, 0.0)
    return Identified(code, best.value)


def _has_words(text: str) -> bool:
    return sum(1 for _ in islice(_WORD.finditer(text), MIN_WORDS)) == MIN_WORDS


@cache
def _detector() -> "LanguageDetector":
    """Lingua with `LANGUAGES`; its models are part of the package and read when they are first needed.

    By three letters at a time, as it looks at every sample of 120 letters or more anyway: for shorter ones it would
    load 300 MB of other models, into every process that judges.
    """
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [IsoCode639_1.from_str(code) for code in LANGUAGES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
