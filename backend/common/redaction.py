"""Keep secrets out of log lines, by the name of the field or the shape of the text."""

import functools
import re

REDACTED = "[redacted]"
_SECRET_WORDS = frozenset(
    {"password", "passwd", "pwd", "secret", "token", "authorization", "cookie", "apikey", "credential", "credentials"}
)
_SECRET_NAMES = ("api_key", "private_key", "access_key")
_WORDS = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
# Every pattern takes time in proportion to the text: what strangers write stands in it, 64 KiB of a path at once.
_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]*+){2,}+")
_TOKEN_START = re.compile(r"eyJ[\w-]{5}")
_SECRET_TEXT = (
    # keys for scripts; their public part may stand
    (re.compile(r"(clara_key_[a-z2-7]{16}_)[\w-]+"), rf"\1{REDACTED}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    # user:password@ of a URL
    (re.compile(r"://[^\s/:@]*:[^\s/@]+@"), f"://{REDACTED}@"),
    (
        re.compile(r"""((?:password|passwd|secret|token|api_?key)["']?\s*[=:]\s*)[^\s&,;)}]+""", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
)

# Most text holds nothing of the kind: one search instead of five substitutions.
_SUSPICIOUS = re.compile(r"eyJ|clara_key_|bearer|basic|://|password|passwd|secret|token|api_?key", re.IGNORECASE)


@functools.lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret: `db_password`, `accessToken`; not `tokens_per_s`."""
    lowered = name.lower()
    return any(part in lowered for part in _SECRET_NAMES) or not _SECRET_WORDS.isdisjoint(
        word.lower() for word in _WORDS.split(name)
    )


def redact_text(text: str) -> str:
    """`text` without tokens, URL passwords and `name=value` secrets."""
    if not _SUSPICIOUS.search(text):
        return text
    text = _DOTTED.sub(_without_web_token, text)
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _without_web_token(dotted: re.Match[str]) -> str:
    """Parts between dots without the JSON Web Token among them: three parts, of which the first begins one."""
    parts = dotted[0].split(".")
    for at in range(len(parts) - 2):
        start = _TOKEN_START.search(parts[at])
        if start is not None and parts[at + 1]:
            kept = parts[at][: start.start()]
            return ".".join([*parts[:at], kept + REDACTED, *parts[at + 3 :]])
    return dotted[0]
