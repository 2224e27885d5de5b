"""Which experiments there are: every module of `tests.trust.experiments`, by its number."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.trust import experiments as folder
from tests.trust.place import Place


@dataclass(frozen=True)
class Experiment:
    """One promise and how it is put to the test.

    Args:
        name: Number in the list of promises, e.g. "G01".
        subject: First line of the module's docstring.
        databases: Those on which it makes a difference.
        run: Returns the figures; `holds` says whether the promise was kept.
        missing: Says what this machine lacks for it; empty if nothing.
    """

    name: str
    subject: str
    databases: tuple[str, ...]
    run: Callable[[Place], Mapping[str, Any]]
    missing: Callable[[], str]


def experiments() -> dict[str, Experiment]:
    """Name -> experiment, in order; a module may set `DATABASES` (default: SQLite alone) and `MISSING`."""
    found = {}
    for info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{folder.__name__}.{info.name}")
        name = info.name.partition("_")[0].upper()
        subject = (module.__doc__ or "").strip().splitlines()[0].rstrip(".")
        databases, missing = getattr(module, "DATABASES", ("sqlite",)), getattr(module, "MISSING", str)
        found[name] = Experiment(name, subject, databases, module.run, missing)
    return found
