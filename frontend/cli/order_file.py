"""A file with members of an order for a dataset: what has no option of its own, such as split, seed and weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend.cli.texts import text
from shared.errors import InvalidInput

_SEARCH = "search_query"
_LARGEST_BYTES = 1 << 20

OrderFile = Annotated[
    Path | None,
    typer.Option(
        "--order",
        help="JSON file with members of the order as in POST /api/datasets (split, seed, search_query.filters, "
        "search_query.weights, max_characters …); they go before options.",
    ),
]


class UnusableOrder(InvalidInput):
    """The file holds no members of an order."""

    code = "unusable_order"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(text("dataset.order_unusable", path=path, reason=reason), path=str(path))


def with_order(body: Mapping[str, Any], order: Path | None) -> dict[str, Any]:
    """The members of a request with those of a file over them, those of `search_query` one by one.

    Raises:
        UnusableOrder: If the file cannot be read or is no JSON object.
    """
    if order is None:
        return dict(body)
    given = _read(order)
    search = given.get(_SEARCH, {})
    if not isinstance(search, dict):
        raise UnusableOrder(order, f"{_SEARCH} is no JSON object")
    return {**body, **given, _SEARCH: {**body[_SEARCH], **search}}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_BYTES + 1)
        given = json.loads(raw.decode("utf-8-sig"))
    except OSError as exc:
        raise UnusableOrder(path, exc.strerror or type(exc).__name__) from exc
    except (ValueError, RecursionError) as exc:
        raise UnusableOrder(path, f"{type(exc).__name__}: {' '.join(str(exc).split())[:200]}") from exc
    if not isinstance(given, dict):
        raise UnusableOrder(path, "it is no JSON object")
    return given
