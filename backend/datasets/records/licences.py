"""Why the text of a document may be used, in the words of the document itself: front matter, columns, fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from backend.datasets.quality.normalise import normalise
from shared.models.document import Document

NAMES = ("licence", "license", "lizenz", "rights", "nutzungsrechte", "urheberrecht")
"""Members of a document's metadata that say it, whatever their case; the first one that does counts."""

MOST_CHARACTERS = 300


class Licences:
    """Looks licences up for many documents at once and keeps those of the last ones.

    Args:
        newest: Documents by id, as `DocumentStore.newest` gives them; None: nothing is known of any.
    """

    def __init__(self, newest: Callable[[Sequence[str]], Mapping[str, Document]] | None = None) -> None:
        self._newest = newest
        self._known: dict[str, str] = {}

    def look_up(self, document_ids: Iterable[str]) -> None:
        """Fetch what is not known of these documents and forget the others."""
        wanted = dict.fromkeys(document_ids)
        kept = {each: self._known[each] for each in wanted if each in self._known}
        self._known = kept | self._fetched([each for each in wanted if each not in kept])

    def of(self, document_id: str) -> str:
        """The licence of a document, empty where it says nothing."""
        if document_id not in self._known:
            self._known |= self._fetched([document_id])
        return self._known[document_id]

    def _fetched(self, document_ids: Sequence[str]) -> dict[str, str]:
        found = self._newest(document_ids) if self._newest and document_ids else {}
        return {each: licence_of(found[each].metadata) if each in found else "" for each in document_ids}


def licence_of(metadata: Mapping[str, object]) -> str:
    """What a document's metadata say of its licence."""
    by_name = {name.lower(): value for name, value in metadata.items()}
    told = (by_name.get(name) for name in NAMES)
    return next((normalise(each)[:MOST_CHARACTERS] for each in told if isinstance(each, str) and each.strip()), "")
