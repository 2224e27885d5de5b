"""Databases behind Protocols: the SQL truth and the derived search stores."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.database.dataset_search import DatasetDocument, DatasetSearchAPI, DatasetSearchQuery

__all__ = ["DatasetDocument", "DatasetSearchAPI", "DatasetSearchQuery"]


def __getattr__(name: str) -> Any:
    """The names of the contract, imported when they are asked for: `shared.database.base` stays free of the rest."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shared.database import dataset_search

    return getattr(dataset_search, name)
