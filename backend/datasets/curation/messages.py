"""What a quality run and its workers say to each other, as plain values: buckets one way, figures the other.

Arrays travel as the base64 of their bytes: no figure changes on its way, and a worker needs nothing to write files
with, which would be a third of its memory.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measured_sections import MeasuredSections

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COUNTS = "<i8"
_VALUES = "<f8"


def bucket_told(bucket: Bucket) -> dict[str, Any]:
    """The message of a bucket."""
    return asdict(bucket)


def bucket_from(told: Mapping[str, Any]) -> Bucket:
    """The bucket of a message."""
    return Bucket(**{**told, "document_ids": tuple(told["document_ids"])})


def figures_told(measured: MeasuredSections) -> dict[str, Any]:
    """The message of what was measured."""
    return {
        "section_ids": list(measured.section_ids),
        "document_ids": list(measured.document_ids),
        "text_keys": list(measured.text_keys),
        "words": _told(measured.words, _COUNTS),
        "characters": _told(measured.characters, _COUNTS),
        "signals": {name: _told(values, _VALUES) for name, values in measured.signals.items()},
        "personal_data": [dict(kinds) for kinds in measured.personal_data],
    }


def figures_from(told: Mapping[str, Any]) -> MeasuredSections:
    """What was measured, of a message.

    Raises:
        ValueError: If it is not whole; also KeyError or TypeError.
    """
    return MeasuredSections(
        section_ids=told["section_ids"],
        document_ids=told["document_ids"],
        text_keys=told["text_keys"],
        words=_array(told["words"], _COUNTS),
        characters=_array(told["characters"], _COUNTS),
        signals={name: _array(values, _VALUES) for name, values in told["signals"].items()},
        personal_data=told["personal_data"],
    )


def _told(values: "NDArray[Any]", dtype: str) -> str:
    return b64encode(values.astype(dtype).tobytes()).decode("ascii")


def _array(told: str, dtype: str) -> "NDArray[Any]":
    import numpy as np

    return np.frombuffer(b64decode(told), dtype=dtype)
