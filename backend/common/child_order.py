"""The first line that a child process reads: everything it is to do, as one value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from backend.common.json_lines import encode


@dataclass(frozen=True, slots=True)
class ChildOrder:
    """Base class of orders; a subclass is a frozen dataclass of plain JSON values."""

    def to_line(self) -> bytes:
        """The order as its line on the pipe."""
        return encode({"order": asdict(self)})

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Self:
        """The order from its line.

        Raises:
            ValueError: If the message is not such an order.
        """
        content = message.get("order")
        if not isinstance(content, dict) or set(content) != {field.name for field in fields(cls)}:
            raise ValueError("the first line must be an order")
        return cls(**content)
