"""The request for a question and its answer, from a file with a version."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.datasets.records.templates.slots import check_slots, filled
from shared.utils.yaml_safe import load_yaml

FILE = Path(__file__).with_name("question_answer.yaml")
_SLOTS = frozenset({"reference", "text"})
_MOST_TOKENS = 1_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked for.

    Args:
        version: Name and number; stands in every record.
        system: What it always is told.
        user: With the slots `reference` and `text`.
    """

    version: str
    system: str
    user: str

    @classmethod
    def load(cls, path: Path = FILE) -> "Prompt":
        """The prompt of a file that came with CLARA."""
        content = load_yaml(path.read_text(encoding="utf-8"), names_once=True)
        for part in ("system", "user"):
            check_slots(content[part], _SLOTS)
        return cls(f"{content['name']}-{content['version']}", content["system"], content["user"])

    def request(self, model: str, *, reference: str, text: str) -> dict[str, Any]:
        """The body of a chat request; the same one for the same text, so that its reply can be kept."""
        values = {"reference": reference, "text": text}
        return {
            "model": model,
            "messages": [
                {"role": "system", "content": filled(self.system, values)},
                {"role": "user", "content": filled(self.user, values)},
            ],
            "temperature": 0,
            "max_tokens": _MOST_TOKENS,
        }
