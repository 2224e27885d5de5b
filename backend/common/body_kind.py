"""What the head of a request says of its body, read so that no later reader can see something else in it."""

from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]

_FILES = b"multipart/form-data"
# RFC 9110, 5.6.3; others strip what Python takes for white space, too, and would read another type
_BLANKS = b" \t"


def values_of(headers: RawHeaders, name: bytes) -> list[bytes]:
    """Every value of a header, in order; readers differ in which of several they take."""
    return [value for each, value in headers if each == name]


def is_plainly_files(headers: RawHeaders) -> bool:
    """Whether a body is parts of a form beyond doubt: one type, spelt as everybody spells it."""
    kinds = values_of(headers, b"content-type")
    return len(kinds) == 1 and kinds[0].partition(b";")[0].strip(_BLANKS).lower() == _FILES
