"""The columns of a record as the hub's `dataset_info.features` names them."""

from collections.abc import Sequence
from typing import Any

from backend.datasets.records.schema import MESSAGE_MEMBERS, METADATA_MEMBERS, Column, Kind

_PLAIN = {Kind.TEXT: "string", Kind.INTEGER: "int64", Kind.REAL: "float64"}


def features_of(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """One entry per column, in the notation of a dataset card."""
    return [_feature(column) for column in columns]


def _feature(column: Column) -> dict[str, Any]:
    match column.kind:
        case Kind.TEXT_LIST:
            return {"name": column.name, "list": "string"}
        case Kind.MESSAGES:
            return {"name": column.name, "list": [{"name": name, "dtype": "string"} for name in MESSAGE_MEMBERS]}
        case Kind.METADATA:
            return {"name": column.name, "struct": features_of(METADATA_MEMBERS)}
    return {"name": column.name, "dtype": _PLAIN[column.kind]}
