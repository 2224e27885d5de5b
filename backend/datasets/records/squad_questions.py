"""Questions with their answers from an evaluation set in the shape of SQuAD: one JSON file, paragraphs with questions.

The paragraphs themselves are no evaluation texts: they are documents, which may well be trained on.

Source: Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250 (the shape)
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

SHAPE = '{"data": [{"paragraphs": [{"context", "qas": [{"question", "answers": [{"text"}]}]}]}]}'


def squad_questions(content: bytes) -> Iterator[str]:
    """Each question with its different answers, an answer per paragraph.

    Raises:
        ValueError: If the file is not of that shape.
    """
    try:
        for article in json.loads(content.decode("utf-8-sig"))["data"]:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    yield "\n\n".join((_text(asked["question"]), *_answers(asked)))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as exc:
        raise ValueError(f"this is not SQuAD-shaped; expected is {SHAPE}") from exc


def _answers(asked: Mapping[str, Any]) -> Iterator[str]:
    # a question may be unanswerable, and several people often gave the same answer
    return iter(dict.fromkeys(_text(answer["text"]) for answer in asked.get("answers") or ()))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string was expected")
    return value
