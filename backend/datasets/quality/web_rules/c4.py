"""The rules of C4, which drop lines as well as texts: what is left of a text is part of the verdict.

Source: Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html; reasons and order of DataTrove 0.10 (Apache-2.0).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from backend.datasets.quality.web_rules.sentences import sentence_count

LEAST_SENTENCES = 5
LEAST_WORDS_PER_LINE = 3
LONGEST_WORD = 1_000
_CITATION = re.compile(r"\[(?:\d*|edit|citation needed)\]")
_ENDS = (".", "?", "!", '"', "'")
_POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_PHRASES = ("lorem ipsum", "javascript", "{", *_POLICIES)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What C4 says about one text.

    Args:
        reason: Why it is dropped; None where it is kept.
        text: The lines that are left of a kept text; None for a dropped one.
    """

    reason: str | None
    text: str | None = None


def c4(text: str) -> Remainder:
    """Judge a text line by line."""
    uncited = partial(_CITATION.sub, "") if "[" in text else str
    lines = [
        left
        for line in map(str.strip, text.splitlines())
        if (left := uncited(line)).endswith(_ENDS) and not left.endswith("...") and _is_long_enough(line)
    ]
    lower = "\n".join(lines).lower()
    if any(phrase in lower for phrase in _PHRASES):
        reason, lines = _without_phrases(lines)
        if reason:
            return Remainder(reason)
    # every line has a sentence
    if len(lines) < LEAST_SENTENCES and sum(map(sentence_count, lines)) < LEAST_SENTENCES:
        return Remainder("too_few_sentences")
    return Remainder(None, "\n".join(lines).strip())


def _is_long_enough(line: str) -> bool:
    """Whether it has words enough, and none that is no word."""
    if len(line.split(None, LEAST_WORDS_PER_LINE - 1)) < LEAST_WORDS_PER_LINE:
        return False
    return len(line) <= LONGEST_WORD or max(map(len, line.split())) <= LONGEST_WORD


def _without_phrases(lines: Sequence[str]) -> tuple[str | None, list[str]]:
    """The reason to drop the text, or the lines that stay."""
    kept = []
    for line in lines:
        lower = line.lower()
        if "lorem ipsum" in lower:
            return "lorem_ipsum", []
        if "javascript" in lower:
            continue
        if "{" in line:
            return "curly_bracket", []
        if not any(phrase in lower for phrase in _POLICIES):
            kept.append(line)
    return None, kept
