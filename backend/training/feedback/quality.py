"""Which feedback nobody should learn from: a short named reason for every item that is rejected.

The texts that may become a target are judged in full: the prompt, and the correction or else the answer. An answer that
is corrected may be as bad as it likes, as long as it can stand in a preference pair.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping

from shared.models.feedback import FeedbackItem, digest_of

LONGEST_TEXT = 20_000
_SHORTEST_PROMPT = 3
_REPETITIVE_FROM_WORDS = 20
_REPETITIVE_SHARE = 0.5

# what chat templates of the common model families use to mark turns; our own starter's among them
_CONTROL_TOKEN = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|</?s>|<(?:bos|eos|pad|unk|mask)>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<｜[^｜]{1,40}｜>"
)
_WORD = re.compile(r"\w+")
_LAYOUT = frozenset("\t\n\r")
_HIDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def rejection_of(item: FeedbackItem) -> str | None:
    """Why an item is rejected, e.g. `answer_empty`; None to accept it."""
    target = "answer" if item.correction is None else "correction"
    texts = {"prompt": item.prompt, target: item.answer if item.correction is None else item.correction}
    for name, text in texts.items():
        what = _first(_TARGET_FAULTS, text)
        if what is not None:
            return f"{name}_{what}"
    if len(item.prompt.strip()) < _SHORTEST_PROMPT:
        return "prompt_too_short"
    if digest_of(texts[target]) == digest_of(item.prompt):
        return f"{target}_repeats_prompt"
    if item.correction is None:
        return None
    if digest_of(item.correction) == digest_of(item.answer):
        return "correction_equals_answer"
    what = _first(_FAULTS, item.answer)
    return f"answer_{what}" if what else None


def _first(faults: Mapping[str, Callable[[str], bool]], text: str) -> str | None:
    return next((name for name, is_found in faults.items() if is_found(text)), None)


def _is_empty(text: str) -> bool:
    return not text.strip()


def _is_too_long(text: str) -> bool:
    return len(text) > LONGEST_TEXT


def _has_no_words(text: str) -> bool:
    return not any(character.isalnum() for character in text)


def _has_control_characters(text: str) -> bool:
    return any(
        character in _HIDING or (unicodedata.category(character) == "Cc" and character not in _LAYOUT)
        for character in text
    )


def _has_control_tokens(text: str) -> bool:
    return _CONTROL_TOKEN.search(text) is not None


def _is_damaged(text: str) -> bool:
    return "\ufffd" in text


def _is_repetitive(text: str) -> bool:
    """One word makes up most of a text: a model that got stuck."""
    words = _WORD.findall(text.casefold())
    if len(words) < _REPETITIVE_FROM_WORDS:
        return False
    return Counter(words).most_common(1)[0][1] > _REPETITIVE_SHARE * len(words)


_FAULTS: Mapping[str, Callable[[str], bool]] = {
    "too_long": _is_too_long,
    "control_characters": _has_control_characters,
    "control_tokens": _has_control_tokens,
}
_TARGET_FAULTS: Mapping[str, Callable[[str], bool]] = {
    "empty": _is_empty,
    **_FAULTS,
    "encoding": _is_damaged,
    "no_words": _has_no_words,
    "repetitive": _is_repetitive,
}
