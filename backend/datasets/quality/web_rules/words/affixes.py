"""Where a piece of text between white space is cut: before its first, after its last, and inside its middle part.

Source: the affix rules for English of spaCy 3.8 (MIT licence, Explosion GmbH), which DataTrove counts words with.
"""

import re
from functools import cache

from backend.datasets.quality.web_rules.words.code_points import (
    icons,
    letters,
    lower_letters,
    regex_class,
    upper_letters,
)

_MARKS = ",:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
_QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》\u3008\u3009\u2329\u232a⟦⟧"
_CURRENCY = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿"
_DOLLARS = r"US\$|[CA]\$"
_UNITS = (
    r"[kdcmкдс]?[mм][²³]?|см[²³]?|дм[²³]?|ha|[µn]m|нм|yd|in|ft|[kmµ]?g|t|lb|oz|m/s|km/h|kmh|mph|h?Pa|mbar"
    r"|[mMkKgGtT]b|[MKGT]B|[TGMK]|%|[кКмМгГТ]б|[КМГТ]Б|кг|г|мг|м/с|км/ч|к?Па|мбар"
    r"|тбكم|[كسم]?م[²³]?|غرام|جرام|جم|كغ|ملغ|كوب|اكواب"
)
# the longest suffix but for dots is a unit of five letters, and up to two characters before one are looked at
_NEAR_END = 7
_DOT_AFTER = "0123456789%²-+()…?:|" + _MARKS + _QUOTES


def prefix_length(text: str, start: int, end: int) -> int:
    """How many characters at the beginning of this part are a token of their own."""
    found = _prefix().match(text, start, end)
    return found.end() - start if found else 0


def suffix_length(text: str, start: int, end: int) -> int:
    """How many characters at the end of this part are a token of their own; what is before the part is not seen."""
    near_end = text[max(start, end - _NEAR_END) : end]
    if near_end.endswith(".."):
        return end - start - len(text[start:end].rstrip("."))
    found = _suffix().search(near_end)
    return len(near_end) - found.start() if found else 0


def infixes(text: str) -> list[tuple[int, int]]:
    """Spans inside a text that are tokens of their own."""
    return [found.span() for found in _infix().finditer(text)]


@cache
def _prefix() -> re.Pattern[str]:
    single = regex_class({*"§%=—–…", *_MARKS, *_QUOTES, *_CURRENCY, *icons()})
    return re.compile(rf"[{single}]|\.\.+|{_DOLLARS}|\+(?![0-9])")


@cache
def _suffix() -> re.Pattern[str]:
    single = regex_class({*"—–…", *_MARKS, *_QUOTES, *icons()})
    dot_after = regex_class({*_DOT_AFTER, *lower_letters()})
    upper = regex_class(upper_letters())
    after_digit = rf"\+|[{regex_class(_CURRENCY)}]|{_DOLLARS}|{_UNITS}"
    dot = rf"(?:(?<=[{dot_after}])|(?<=°[FfCcKk])|(?<=[{upper}][{upper}]))\."
    return re.compile(rf"(?:……|[{single}]|['’][sS]|(?<=[0-9])(?:{after_digit})|{dot})\Z")


@cache
def _infix() -> re.Pattern[str]:
    quotes = regex_class(_QUOTES)
    lower = regex_class(lower_letters())
    upper = regex_class(upper_letters())
    return re.compile(
        rf"""\.\.+ | […{regex_class(icons())}]
          | (?<=[0-9])[+\-*^](?=[0-9-])
          | (?<=[{lower}{quotes}])\.(?=[{upper}{quotes}])
          | (?<=[{letters()}]),(?=[{letters()}])
          | (?<=[{letters()}0-9])(?:-{{1,3}}|—{{1,2}}|[–~])(?=[{letters()}])
          | (?<=[{letters()}0-9])[:<>=/](?=[{letters()}])""",
        re.VERBOSE,
    )
