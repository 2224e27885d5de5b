"""How norms and rulings are cited, and the keys under which a citation finds them."""

from shared.database.citations.grammar import folded
from shared.database.citations.keys import (
    asked_keys,
    citation_words,
    cited_words,
    identity_keys,
    mentioned_keys,
    section_keys,
)

__all__ = ["asked_keys", "citation_words", "cited_words", "folded", "identity_keys", "mentioned_keys", "section_keys"]
