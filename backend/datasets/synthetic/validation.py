"""Whether a model's question and answer can be believed: the source must say what they say.

A check that is too strict costs a record, one that is too mild would teach something untrue: every doubt rejects, and
every rejection has a reason that is counted.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from backend.datasets.language.german_words import GERMAN_WORDS
from backend.datasets.language.identify import UNKNOWN, identify
from backend.datasets.quality.normalise import normalise

QUESTION_CHARACTERS = (15, 400)
ANSWER_CHARACTERS = (20, 2_000)
LEAST_QUOTE_CHARACTERS = 20
LEAST_SUPPORT = 0.7
"""Share of the words of an answer that mean something whose beginning the source has; only inflection may differ."""

_STEM = 5
_LINKS = frozenset(
    """
    diejenigen derjenige diejenige dasjenige demnach danach hiernach somit ebenfalls jeweils hierbei dabei ferner
    folgende folgenden zudem außerdem
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_NEGATION = re.compile(
    r"\b(?:nicht|kein(?:e[rnms]?)?|ohne|nie(?:mals|mand\w*)?|weder|un(?:zulässig|wirksam)\w*)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_REFUSAL = re.compile(
    r"\b(?:als (?:KI|ki|Sprachmodell|AI)\b|(?:ich )?kann (?:ich )?(?:diese |die )?(?:Frage|Anfrage)[^.]* nicht|"
    r"tut mir leid|es tut mir|leider (?:kann|habe) ich|keine (?:Informationen|Angaben) (?:im|in|über)|"
    r"as an ai|i cannot|i can't|i'm sorry|language model)",
    re.IGNORECASE,
)
_MENTIONS_PROMPT = re.compile(
    r"\b(?:im|laut|aus dem|gemäß dem|nach dem|in dem)\s+"
    r"(?:(?:obigen|vorliegenden|gegebenen|genannten|obenstehenden)\s+)?(?:Text|Textauszug|Auszug|Kontext)\b|"
    r"\bobige[nrs]?\b|\bvorliegende[nrs]? (?:Text|Auszug)\b|</?text>",
    re.IGNORECASE,
)
_LONGEST_REPLY = 20_000


class Rejection(StrEnum):
    """Why a reply makes no record."""

    REFUSED_BY_ENDPOINT = "refused_by_endpoint"
    NO_JSON = "no_json"
    MEMBER_MISSING = "member_missing"
    QUESTION_LENGTH = "question_length"
    ANSWER_LENGTH = "answer_length"
    NO_QUESTION = "no_question"
    REFUSAL = "refusal"
    MENTIONS_PROMPT = "mentions_prompt"
    OTHER_LANGUAGE = "other_language"
    QUOTE_TOO_SHORT = "quote_too_short"
    QUOTE_NOT_FOUND = "quote_not_found"
    NUMBER_NOT_FOUND = "number_not_found"
    OTHER_NEGATION = "other_negation"
    NOT_SUPPORTED = "not_supported"


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A question with its answer and the words of the source that it follows from."""

    question: str
    answer: str
    quote: str


def validated(reply: str, *, text: str, reference: str) -> QuestionAnswer | Rejection:
    """What a reply says, or why it cannot be used.

    Args:
        reply: Of the model.
        text: The source, normalised.
        reference: How the source is cited; a question may name it.
    """
    found = _parsed(reply)
    return found if isinstance(found, Rejection) else (_doubt(found, text, reference) or found)


def _parsed(reply: str) -> QuestionAnswer | Rejection:
    # models like to put fences or a sentence around what they were asked for
    shown = _OBJECT.search(reply[:_LONGEST_REPLY])
    try:
        content = json.loads(shown[0]) if shown else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return Rejection.NO_JSON
    parts = [content.get(name) for name in ("question", "answer", "quote")]
    texts = [normalise(part) for part in parts if isinstance(part, str)]
    if len(texts) < len(parts) or not all(texts):
        return Rejection.MEMBER_MISSING
    return QuestionAnswer(*texts)


def _doubt(found: QuestionAnswer, text: str, reference: str) -> Rejection | None:
    """The first reason against a reply, the cheapest to see first."""
    both = f"{found.question}\n{found.answer}"
    checks = (
        (Rejection.QUESTION_LENGTH, lambda: not _within(found.question, QUESTION_CHARACTERS)),
        (Rejection.ANSWER_LENGTH, lambda: not _within(found.answer, ANSWER_CHARACTERS)),
        (Rejection.NO_QUESTION, lambda: not found.question.endswith("?")),
        (Rejection.REFUSAL, lambda: _REFUSAL.search(both)),
        (Rejection.MENTIONS_PROMPT, lambda: _MENTIONS_PROMPT.search(both)),
        (Rejection.OTHER_LANGUAGE, lambda: _is_other_language(both, text)),
        (Rejection.QUOTE_TOO_SHORT, lambda: len(found.quote) < LEAST_QUOTE_CHARACTERS),
        (Rejection.QUOTE_NOT_FOUND, lambda: _plain(found.quote) not in _plain(text)),
        (Rejection.NUMBER_NOT_FOUND, lambda: not _numbers(both) <= _numbers(f"{text}\n{reference}")),
        (Rejection.OTHER_NEGATION, lambda: bool(_NEGATION.search(found.answer)) != bool(_NEGATION.search(found.quote))),
        (Rejection.NOT_SUPPORTED, lambda: _support(found.answer, f"{text}\n{reference}") < LEAST_SUPPORT),
    )
    return next((reason for reason, is_so in checks if is_so()), None)


def _within(text: str, limits: tuple[int, int]) -> bool:
    return limits[0] <= len(text) <= limits[1]


def _is_other_language(said: str, text: str) -> bool:
    language = identify(text).language
    return not language.startswith(UNKNOWN) and identify(said).language != language


def _plain(text: str) -> str:
    """Without what a quotation may change: white space, case, the kind of quotation marks and hyphens at its ends."""
    unquoted = re.sub(r"[„“”\"»«‚‘’']", "", text)
    return " ".join(unquoted.split()).strip(" .…").casefold()


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def _support(answer: str, text: str) -> float:
    """Share of the answer's longer and rarer words that begin as a word of the text does."""
    longer = (word.lower() for word in _WORD.findall(answer))
    words = [word.casefold()[:_STEM] for word in longer if word not in GERMAN_WORDS and word not in _LINKS]
    known = {word.casefold()[:_STEM] for word in _WORD.findall(text)}
    return sum(word in known for word in words) / len(words) if words else 0.0
