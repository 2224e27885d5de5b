"""Tokens as a base model counts them: its tokenizer file below the folders of the installation, read when first used.

The `tokenizers` library is loaded by whoever counts, which is a worker process, never the service: that one only asks
whether the file is there.
"""

import contextlib
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backend.datasets.tokens import TokenCounter, UnicodeWordCounter
from shared.errors import InvalidInput
from shared.storage import PathNotAllowed, confined
from shared.utils.nearest import nearest

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE_NAME = "tokenizer.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}(?:/[A-Za-z0-9][\w.-]{0,99}){0,3}")
_MOST_SHOWN = 20


class UnknownTokenizer(InvalidInput):
    """No base model of this name with a tokenizer lies in the folders of the installation."""

    code = "unknown_tokenizer"

    def __init__(self, asked: str, known: Sequence[str]) -> None:
        guess = nearest(asked, known)
        hint = f" Did you mean '{guess}'?" if guess else ""
        super().__init__(
            f"There is no tokenizer '{asked}': neither the word counter nor a base model with a {FILE_NAME} below "
            f"CLARA_MODELS_DIR or CLARA_BASE_MODEL_DIRS; there are: {', '.join(known)}.{hint}",
            tokenizer=asked,
            known=list(known),
        )


class UnusableTokenizer(InvalidInput):
    """The file of a tokenizer cannot be read as one."""

    code = "unusable_tokenizer"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The tokenizer of base model '{name}' cannot be used: {reason}.", tokenizer=name)


class TrainedCounter:
    """Tokens of a base model, without the control tokens that a chat template adds.

    Args:
        base_model: As it was asked for.
        path: Its tokenizer file.

    Raises:
        UnusableTokenizer: If the file is none.
    """

    def __init__(self, base_model: str, path: Path) -> None:
        raw = path.read_bytes()
        self.name = f"{base_model}@{hashlib.sha256(raw).hexdigest()[:12]}"
        """The base model and the first digits of its tokenizer's SHA-256: models of one name may differ."""
        self._tokenizer = _opened(base_model, raw)

    def count(self, text: str) -> int:
        """Number of tokens."""
        # without the offsets, which nobody asks for: 1.4 times as fast
        return len(self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0])


def counter_of(asked: str | None, roots: Sequence[Path]) -> TokenCounter:
    """The counter of this name; None: words and marks. Loads the library of trained ones.

    Raises:
        UnknownTokenizer: If there is none.
        UnusableTokenizer: If its file is none.
    """
    path = tokenizer_file(asked, roots)
    return UnicodeWordCounter() if asked is None or path is None else TrainedCounter(asked, path)


def tokenizer_file(asked: str | None, roots: Sequence[Path]) -> Path | None:
    """The file that a name means; None for the word counter, which needs none. Reads no file.

    Args:
        asked: Name of a base model as jobs name it, or of the word counter.
        roots: Folders in which base models lie; nothing outside of them is found.

    Raises:
        UnknownTokenizer: If there is none.
    """
    if asked is None or asked == UnicodeWordCounter.name:
        return None
    if _NAME.fullmatch(asked):
        for root in roots:
            with contextlib.suppress(PathNotAllowed):
                path = confined(root, asked) / FILE_NAME
                if path.is_file():
                    return path
    raise UnknownTokenizer(asked, known_tokenizers(roots))


def known_tokenizers(roots: Sequence[Path]) -> list[str]:
    """The word counter and base models right below the folders, by name."""
    found = {path.parent.name for root in roots if root.is_dir() for path in root.glob(f"*/{FILE_NAME}")}
    return [UnicodeWordCounter.name, *sorted(found)[:_MOST_SHOWN]]


def _opened(base_model: str, raw: bytes) -> "Tokenizer":
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(raw.decode("utf-8"))
    except Exception as exc:  # the library raises nothing more special
        raise UnusableTokenizer(base_model, " ".join(str(exc).split())[:200]) from exc
    # a published file may cut and pad, which would be counted
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
