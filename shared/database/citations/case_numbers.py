"""File numbers of courts and European case-law identifiers, as keys: "XI ZR 24/19", "ECLI:DE:BGH:2020:…"."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.database.citations.grammar import JOINT, folded

# chamber, register, number and year: "4 A 2363/20", "XI ZR 24/19", "1 BvR 1160/03", "B 12 KR 3/19 R", "6 C 12.19"
_NUMBER_AND_YEAR = re.compile(r"(?P<number>[0-9]{1,6})[/.](?P<year>[0-9]{2})\b")
_CHAMBER = re.compile(
    r"(?<![^\W_])(?:(?P<branch>[bls])\s+)?(?P<chamber>[ivx]{1,6}|[0-9]{1,3}[a-z]?)\s+"
    r"(?P<register>[a-z]{1,6}(?:\s?\([a-z]{1,6}\))?)\s+\Z"
)
_BEFORE = 32  # characters that chamber and register take at most
# of the Court of Justice of the European Union: "C-311/18"
_EUROPEAN = re.compile(r"(?P<chamber>[ct])(?<![^\W_][ct])[-‑–](?P<number>[0-9]{1,4})/(?P<year>[0-9]{2})\b")
_ECLI = re.compile(r"\becli:[a-z]{2}:[a-z0-9]{1,7}:[0-9]{4}:[a-z0-9]+(?:\.[a-z0-9]+)*", re.ASCII)
_NOT_A_LETTER = re.compile(r"[\W_]+")
_FIELDS = ("aktenzeichen", "az", "geschaeftszeichen", "geschäftszeichen", "file_number", "docket_number", "ecli")
_MAX_FIELD = 500


def case_keys(text: str) -> Iterator[str]:
    """Keys of all file numbers and identifiers in a text, in order of kinds."""
    lowered = folded(text).lower()
    if "ecli:" in lowered:
        for found in _ECLI.finditer(lowered):
            yield _key("ecli", found[0])
    for found in _NUMBER_AND_YEAR.finditer(lowered):
        before = _CHAMBER.search(lowered[max(0, found.start() - _BEFORE) : found.start()])
        if before:
            own = "".join(part or "" for part in before.group("branch", "chamber", "register"))
            yield _key("az", own, *_tail(found))
    for found in _EUROPEAN.finditer(lowered):
        yield _key("az", found["chamber"], *_tail(found))


def own_case_keys(metadata: Mapping[str, Any], title: str) -> list[str]:
    """Under which keys a ruling is cited: by what its metadata say, else by what its title names."""
    for text in (_stated(metadata), title):
        if keys := list(dict.fromkeys(case_keys(text))):
            return keys
    return []


def _stated(metadata: Mapping[str, Any]) -> str:
    lowered = {str(name).lower(): value for name, value in metadata.items()}
    values = (lowered.get(name) for name in _FIELDS)
    return "; ".join(str(value)[:_MAX_FIELD] for value in values if value)


def _tail(found: re.Match[str]) -> tuple[str, str]:
    return found["number"].lstrip("0") or "0", found["year"]


def _key(kind: str, *parts: str) -> str:
    return JOINT.join((kind, *(_NOT_A_LETTER.sub("", part) for part in parts)))
