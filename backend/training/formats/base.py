"""The contract of a record shape: recognise a record, say what is wrong with it, render it to tokens and mask.

A new shape is one new file in `shapes/` with one subclass of `RecordShape`. Importing it must be cheap: the API process
validates records too.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Record = Mapping[str, Any]

_KINDS = (
    (type(None), "nothing"),
    (bool, "true or false"),
    (int | float, "a number"),
    (str, "text"),
    (bytes, "binary data"),
    (Mapping, "an object"),
    (list | tuple, "a list"),
)

_ANCHORS = ("\n", ".", "x")
_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a record.

    Args:
        field: Path of the field, e.g. `messages[1].content`.
        reason: What was found and what is expected; never the text itself.
    """

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A record as the model sees it.

    Args:
        token_ids: The whole record, length n.
        mask: n values; 1 where the model is trained to predict this token, else 0.
    """

    token_ids: list[int]
    mask: list[int]


@dataclass(frozen=True, slots=True)
class HeldOutPrompt:
    """A record cut in two, to compare what models make of its beginning.

    Args:
        token_ids: What the model is given.
        prompt: The same as text.
        reference: How the record really goes on.
    """

    token_ids: list[int]
    prompt: str
    reference: str


class RecordShape(ABC):
    """One shape of record, e.g. running text or a chat."""

    name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    """Fields that make up the shape; a record has it when at least the first one is there."""
    outranks: ClassVar[tuple[str, ...]] = ()
    """Names of shapes that a record of this one may look like as well."""
    sequences: ClassVar[int] = 1
    """Token sequences that a record makes: 2 for a pair of answers."""
    repeats_others: ClassVar[bool] = False
    """Whether exports add the field to repeat, written out as one text, what the other fields of the record say."""

    def matches(self, record: Record) -> bool:
        """Whether the record means to have this shape (null counts as absent: columns of a table)."""
        return record.get(self.keys[0]) is not None

    def is_complete(self, record: Record) -> bool:
        """Whether every field of the shape is there."""
        return all(record.get(key) is not None for key in self.keys)

    @abstractmethod
    def problems(self, record: Record) -> list[FieldProblem]:
        """Everything that keeps a record of this shape from being trained on; empty if nothing does."""

    def check_tokenizer(self, tokenizer: "PreTrainedTokenizerBase", record: Record) -> None:  # noqa: B027 - most shapes ask nothing
        """Refuse a tokenizer that cannot render records like this one.

        Raises:
            InvalidInput: With what is missing and how to get it.
        """

    @abstractmethod
    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """Token ids with the loss mask, not truncated.

        Raises:
            CannotRender: If the tokenizer's template refuses this record.
        """

    def render_all(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> tuple[Rendered, ...]:
        """All `sequences` of the record.

        Raises:
            CannotRender: If the tokenizer's template refuses this record.
        """
        return (self.render(record, tokenizer),)

    @abstractmethod
    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """The beginning of the record as a prompt, the rest as reference."""


class CannotRender(ValueError):
    """A record that a chat template cannot write; becomes a bad row.

    Args:
        reason: Why.
        field: Which part of the record; empty: the record as a whole.
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


def kind_of(value: object) -> str:
    """What a value is, in the words of people who write JSON; the value itself may be personal."""
    return next((word for kind, word in _KINDS if isinstance(value, kind)), type(value).__name__)


def text_problem(field: str, value: object, *, may_be_blank: bool = False) -> FieldProblem | None:
    """What keeps `value` from being text that a tokenizer can read, or None."""
    if not isinstance(value, str):
        return FieldProblem(field, f"must be text, found {kind_of(value)}")
    if not may_be_blank and not _is_visible(value):
        return FieldProblem(field, "is empty" if not value else "holds nothing visible, only blanks")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return FieldProblem(field, "holds half a character (a lone surrogate); it is not valid Unicode")
    return None


def _is_visible(text: str) -> bool:
    """Whether any character leaves ink; strip() alone would let zero-width characters pass as an answer."""
    return any(unicodedata.category(character) not in _BLANK for character in text)


def plain_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of a text that begins here, with what the model expects at the beginning."""
    ids = _ids(tokenizer, text, with_special=True)
    # some tokenizers close a text themselves; ours is added exactly once, by the shape
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def continued_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of a text that goes on after another: without the blank that some tokenizers put before every text."""
    ids = _ids(tokenizer, text, with_special=False)
    if _after(tokenizer, "\n", "x") != _ids(tokenizer, "x", with_special=False):
        found = (_after(tokenizer, anchor, text) for anchor in _ANCHORS)
        ids = next((tokens for tokens in found if tokens is not None), ids)
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def _after(tokenizer: "PreTrainedTokenizerBase", anchor: str, text: str) -> list[int] | None:
    """Token ids of a text behind another, None if the two share a token."""
    before = _ids(tokenizer, anchor, with_special=False)
    both = _ids(tokenizer, anchor + text, with_special=False)
    return both[len(before) :] if both[: len(before)] == before else None


def _ids(tokenizer: "PreTrainedTokenizerBase", text: str, *, with_special: bool) -> list[int]:
    # the warning about the length is silenced because truncation is counted and reported elsewhere
    ids: list[int] = tokenizer(text, add_special_tokens=with_special, verbose=False)["input_ids"]
    return list(ids)


def end_ids(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The end-of-text token as a list, empty where the tokenizer has none."""
    return [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
