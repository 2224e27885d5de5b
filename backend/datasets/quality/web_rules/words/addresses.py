"""Web addresses, which stay in one piece whatever marks are in them.

Source: the address rule of spaCy 3.8 (MIT licence), after Diego Perini's (MIT licence): a scheme and a user may go
before, then an IPv4 address that is not private or the name of a host, a port, a path.
"""

import re
from functools import cache

from backend.datasets.quality.web_rules.words.code_points import lower_letters, regex_class

_SCHEME = re.compile(r"[\w+.-]{2,}://")
_PRIVATE = r"(?:10|127)(?:\.\d{1,3}){3}|(?:169\.254|192\.168)(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
_OCTETS = (
    r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])"
    r"(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}"
    r"\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4])"
)
_LETTER = r"A-Za-z0-9\u00a1-\uffff"
_LABEL = rf"(?:[{_LETTER}][{_LETTER}_-]{{0,62}})?[{_LETTER}]\."


def is_address(text: str) -> bool:
    """Whether a text without white space is one web address or e-mail address."""
    if "." not in text:
        return False
    host = _host()
    return any(host.match(text, start) for start in _host_starts(text))


def _host_starts(text: str) -> list[int]:
    """Where the name of the host may begin: at once, after a scheme, after whatever ends in an at sign."""
    starts = [0]
    if scheme := _SCHEME.match(text):
        starts.append(scheme.end())
    at = text.find("@", 1)
    while at != -1:
        starts.append(at + 1)
        at = text.find("@", at + 1)
    return starts


@cache
def _host() -> re.Pattern[str]:
    top = regex_class(lower_letters())
    name = rf"(?:{_LABEL})+[{top}]{{2,63}}"
    return re.compile(rf"(?:(?!{_PRIVATE}){_OCTETS}|{name})(?::\d{{2,5}})?(?:[/?#].*)?\Z", re.DOTALL)
