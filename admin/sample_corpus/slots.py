"""Fills the slots of a wording.

Four kinds of slot exist: ``{name}`` is a value fixed for the whole document, ``{a|b|c}`` is drawn
where it stands, ``{n:2-8/2}`` is a number and ``{e:20-80/5}`` an amount of euros from that range
in those steps. Slots may nest; the innermost is filled first.
"""

import re
from collections.abc import Mapping
from random import Random

SLOT = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(?P<unit>[ne]):(?P<low>\d+)-(?P<high>\d+)(?:/(?P<step>\d+))?")
SPACES = re.compile(r" {2,}")
SPACE_BEFORE_MARK = re.compile(r" +([,.;])")


class UnknownSlot(KeyError):
    """A wording asks for a value that neither its bank nor the municipality declares."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no value for slot {name!r}; declare it under 'slots' of its bank")
        self.name = name


def fill(text: str, values: Mapping[str, str], rng: Random) -> str:
    """Replaces every slot and tidies the spaces that an empty choice leaves behind.

    Raises:
        UnknownSlot: If a name has no value.
    """
    while SLOT.search(text):
        text = SLOT.sub(lambda found: _value(found.group(1), values, rng), text)
    return _tidy(text)


def _value(slot: str, values: Mapping[str, str], rng: Random) -> str:
    if "|" in slot:
        return rng.choice(slot.split("|"))
    bounds = RANGE.fullmatch(slot)
    if bounds:
        return _number(bounds, rng)
    if slot not in values:
        raise UnknownSlot(slot)
    return values[slot]


def _number(bounds: re.Match[str], rng: Random) -> str:
    step = int(bounds["step"] or 1)
    number = rng.randrange(int(bounds["low"]), int(bounds["high"]) + 1, step)
    digits = f"{number:,}".replace(",", ".")
    return f"{digits},00 Euro" if bounds["unit"] == "e" else digits


def _tidy(text: str) -> str:
    text = SPACE_BEFORE_MARK.sub(r"\1", SPACES.sub(" ", text)).strip()
    return text[:1].upper() + text[1:]
