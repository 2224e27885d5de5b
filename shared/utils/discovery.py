"""Find the classes of a family by looking into its folder: a new member is one new file, no list is edited."""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def classes_in(package: ModuleType, base: type[T]) -> list[type[T]]:
    """Concrete subclasses of `base` defined in the modules of `package`, ordered by module and class name.

    Modules whose name starts with an underscore are private and skipped. Importing must be cheap: heavy imports belong
    inside functions of the members.
    """
    found: dict[str, type[T]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if member.__module__ == module.__name__ and issubclass(member, base) and not inspect.isabstract(member):
                found[f"{module.__name__}.{member.__name__}"] = member
    return [found[name] for name in sorted(found)]
