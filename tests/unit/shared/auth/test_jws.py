import base64
import json

import pytest

from shared.auth.jws import InvalidToken, encode_segment, read_compact, strict_json_object

HEADER = {"alg": "RS256", "kid": "k"}


def compact(header: object = HEADER, payload: bytes = b"{}", signature: bytes = b"sig") -> str:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join(encode_segment(part) for part in (raw, payload, signature))


def test_a_compact_jws_is_split_into_its_parts() -> None:
    read = read_compact(compact({**HEADER, "typ": "JWT", "x5t": "a", "x5t#S256": "b"}, b'{"a":1}'))
    assert (read.algorithm, read.kid, read.payload) == ("RS256", "k", b'{"a":1}')


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "not ASCII text"),
        (b"a.b.c", "not ASCII text"),
        ({"payload": "", "signatures": []}, "not ASCII text"),
        ("ä.b.c", "not ASCII text"),
        ("a" * 8193, "longer than 8192 bytes"),
        ("", "not three segments"),
        ("a.b", "not three segments"),
        ("a.b.c.d", "not three segments"),
        (".e30.c2ln", "not three segments"),
        (compact().rsplit(".", 1)[0] + ".", "not three segments"),
        (compact() + "=", "not base64url"),
        (compact() + "\n", "not base64url"),
        (compact().replace(".", ".+", 1), "not base64url"),
        (compact(signature=b"s") + "AAA", "not base64url"),
        (compact(b"[]"), "not a JSON object"),
        (compact(b"{"), "not strict JSON"),
        (compact(b"\xff"), "not strict JSON"),
        (compact(b'{"alg":"RS256","alg":"none","kid":"k"}'), "not strict JSON"),
        (compact({"alg": "RS256", "kid": "k\ud800"}), "holds what no database stores"),
        (compact({**HEADER, "crit": ["exp"]}), "header has unknown fields"),
        (compact({**HEADER, "jwk": {}}), "header has unknown fields"),
        (compact({**HEADER, "b64": False}), "header has unknown fields"),
        (compact({"alg": "RS256", "kid": 7}), "header fields are not text"),
        (compact({"alg": "RS256", "kid": ""}), "header fields are not text"),
        (compact({"alg": ["RS256"], "kid": "k"}), "header fields are not text"),
        (compact({"kid": "k"}), "header lacks alg or kid"),
        (compact({"alg": "RS256"}), "header lacks alg or kid"),
    ],
)
def test_any_other_spelling_is_refused_with_its_reason(token: object, reason: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        read_compact(token)
    assert refused.value.reason == reason


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    canonical = compact(signature=b"s")
    # "cw" and "cx" decode to the same byte: only the spare bits differ.
    assert base64.urlsafe_b64decode("cw==") == base64.urlsafe_b64decode("cx==")
    with pytest.raises(InvalidToken, match="access token"):
        read_compact(canonical[:-1] + "x")


@pytest.mark.parametrize(
    "raw",
    [b'{"a":NaN}', b'{"a":Infinity}', b'{"a":{"b":1,"b":2}}', b"[" * 5000, b'{"a":' * 2000, b"null", b"1", b'{"a":1}x'],
)
def test_json_that_parsers_disagree_about_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidToken):
        strict_json_object(raw)


def test_json_may_be_eight_levels_deep_and_not_nine() -> None:
    def nested(levels: int) -> bytes:
        return (b'{"a":' * levels) + b"1" + b"}" * levels

    assert strict_json_object(nested(8))
    with pytest.raises(InvalidToken):
        strict_json_object(nested(9))
