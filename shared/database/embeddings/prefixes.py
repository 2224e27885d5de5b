"""What some models want before a text, so that they know a question from a passage ("query: ", "passage: ")."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Put before texts as they are, spaces included."""

    query: str = ""
    passage: str = ""

    @property
    def mark(self) -> str:
        """For the revision: other prefixes make other vectors; empty without any."""
        if not (self.query or self.passage):
            return ""
        return "-" + hashlib.sha256(f"{self.query}\0{self.passage}".encode()).hexdigest()[:6]

    def or_else(self, other: "Prefixes") -> "Prefixes":
        """These, or the other ones where none are given at all."""
        return self if self.query or self.passage else other
