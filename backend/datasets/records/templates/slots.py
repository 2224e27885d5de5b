"""Texts with slots, `{reference}`; nothing but a name can stand in one, whoever wrote the template."""

import re
from collections.abc import Mapping, Set

_PIECE = re.compile(r"\{\{|\}\}|\{([a-z_]*)\}|[{}]")


class BadSlot(ValueError):
    """A brace that begins no slot, or a slot that the kind of template does not fill."""


def check_slots(text: str, known: Set[str]) -> None:
    """Refuse what `filled` could not fill.

    Raises:
        BadSlot: With the slot and those that exist.
    """
    for found in _PIECE.finditer(text):
        if found[0] in ("{{", "}}"):
            continue
        if not found[1]:
            raise BadSlot(f"'{found[0]}' begins no slot; a brace that is meant is written twice")
        if found[1] not in known:
            raise BadSlot(f"'{{{found[1]}}}' is not filled by this kind of template; it fills {_listed(known)}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every slot replaced; values are taken as they are, braces in them too."""
    return _PIECE.sub(lambda found: values[found[1]] if found[1] else found[0][0], text)


def _listed(names: Set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
