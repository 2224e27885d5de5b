"""The question of a record, in the words of a template file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.datasets.records.passages import Passage
from shared.utils.yaml_safe import load_yaml

TEMPLATES_FILE = Path(__file__).with_name("instructions.yaml")


@dataclass(frozen=True, slots=True)
class Instructions:
    """Wordings by the kind of place a passage has: headed_section, section, heading or document."""

    templates: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path = TEMPLATES_FILE) -> "Instructions":
        """Read a template file."""
        return cls(load_yaml(path.read_text(encoding="utf-8")))

    def question(self, passage: Passage, record_id: str) -> str:
        """The wording for this record; always the same one for the same id."""
        stored, section = passage.first.stored, passage.first.section
        law = stored.abbreviation or stored.document_title
        kind, place = self._place(passage, law)
        if passage.parts > 1:
            place = self.templates["part"].format(reference=place, part=passage.part, parts=passage.parts)
        fields = {"reference": place, "law": law, "heading": section.heading}
        if kind in ("heading", "document"):
            fields["heading" if kind == "heading" else "law"] = place
        wordings = self.templates[kind]
        chosen = int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=4).digest(), "big") % len(wordings)
        return str(wordings[chosen].format(**fields))

    def _place(self, passage: Passage, law: str) -> tuple[str, str]:
        section = passage.first.section
        if not section.number:
            return ("heading", section.heading) if section.heading else ("document", law)
        last = passage.candidates[-1].section.number
        if last and last != section.number:
            return "section", f"{self.templates['span'].format(first=section.number, last=last)} {law}"
        return ("headed_section" if section.heading else "section"), f"{section.number} {law}"
