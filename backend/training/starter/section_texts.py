"""Texts for a starter model from the document store: nothing that is held out for tests, in the form records have."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from shared.models.document import StoredSection
from shared.utils.splitting import split_of

SPLIT_SEED = 42
SPLIT_SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""The defaults of the dataset service: a document held out there is held out here."""

_OWN_LINE = re.compile(r"\(?\d+[a-z]*[.)]|[a-z]{1,2}\)|[-–—•*+|>#:]")


def keeper(*, share: float = 0.5, seed: int = SPLIT_SEED) -> Callable[[str], bool]:
    """A test for document paths: whether the starter may see the document.

    Args:
        share: Of the train documents; the others are new to a LoRA run on top of the model.
        seed: Of the dataset split.
    """

    def keep(path: str) -> bool:
        if split_of(path, seed, SPLIT_SHARES) != "train":
            return False
        return split_of(f"starter:{path}", seed, {"seen": share, "unseen": 1 - share}) == "seen"

    return keep


def section_texts(sections: Iterable[StoredSection], keep: Callable[[str], bool]) -> Iterator[str]:
    """Kept sections as the dataset service renders them: title, number with heading, unwrapped body."""
    for stored in sections:
        if keep(stored.path) and stored.section.text.strip():
            yield _as_record(stored)


def _as_record(stored: StoredSection) -> str:
    title = stored.document_title
    if stored.abbreviation and stored.abbreviation not in title:
        title = f"{title} ({stored.abbreviation})"
    headline = f"{stored.section.number} {stored.section.heading}".strip()
    body = unwrapped(stored.section.text)
    return f"{title}\n{headline}\n\n{body}" if headline else f"{title}\n{body}"


def unwrapped(text: str) -> str:
    """Hard-wrapped lines of a paragraph joined; a base model that never saw that form would look worse than it is."""
    lines: list[str] = []
    for line in (line.strip() for line in text.strip().split("\n")):
        if lines and lines[-1] and line and not _OWN_LINE.match(line):
            lines[-1] += f" {line}"
        elif line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)
