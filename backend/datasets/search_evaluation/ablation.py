"""Which lists are asked together: all, each alone, all but each; the same by kind of search."""

from collections.abc import Sequence

from shared.models.search import LISTS_OF_LEG, RankedList

ALL = "all"


def ablations(lists: Sequence[RankedList]) -> dict[str, tuple[RankedList, ...]]:
    """Name -> lists, `all` first; what would be asked twice under two names is asked once, under the first.

    Raises:
        ValueError: If there is no list.
    """
    if not lists:
        raise ValueError("an ablation needs at least one list")
    chosen = {ALL: tuple(lists)}
    for name, group in _groups(lists).items():
        chosen[f"only {name}"] = tuple(member for member in lists if member in group)
    for name, group in _groups(lists).items():
        chosen[f"without {name}"] = tuple(member for member in lists if member not in group)
    first_names: dict[tuple[RankedList, ...], str] = {}
    for name, members in chosen.items():
        first_names.setdefault(members, name)
    return {name: members for members, name in first_names.items() if members}


def _groups(lists: Sequence[RankedList]) -> dict[str, frozenset[RankedList]]:
    """Each list, then each kind of search that has more than one."""
    groups = {str(member): frozenset((member,)) for member in lists}
    for leg, members in LISTS_OF_LEG.items():
        present = frozenset(members) & frozenset(lists)
        if len(present) > 1:
            groups[f"{leg} leg"] = present
    return groups
