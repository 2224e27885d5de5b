"""Orders of streams as they are noted beside their lines, so that the lines of new documents can be made for them."""

import json

from backend.datasets.models import DatasetRequest

# not `max_characters`: a section in a stream is never divided or merged
_DECISIVE = {"record_format", "templates", "seed", "split"}


def noted(order: DatasetRequest) -> str:
    """What decides over the lines of an order of a stream, as JSON; equal for orders with equal lines."""
    decisive = order.model_dump(mode="json", include=_DECISIVE)
    return json.dumps({**decisive, "templates": sorted(set(order.templates))}, sort_keys=True)


def order_of(note: str) -> DatasetRequest:
    """An order of everything with the lines that were noted.

    Raises:
        ValueError: If it is no such note.
    """
    decisive = json.loads(note)
    if not isinstance(decisive, dict) or not decisive.keys() <= _DECISIVE:
        raise ValueError("a note of an order is a JSON object of what decides over its lines")
    return DatasetRequest.model_validate({"name": "noted", "search_query": {"query_text": "*"}, **decisive})


USUAL = noted(order_of("{}"))
"""What a stream makes whose order says nothing of its records."""
