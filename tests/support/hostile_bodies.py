"""Bodies and heads that are made to break a server."""

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator

Parts = Callable[[], Iterator[bytes]]
_MIB = 1024 * 1024
JOBS, SEARCH, UPLOAD = "/api/training/jobs", "/api/datasets/search", "/api/datasets/upload"


def hostile_requests(path: str, token: str) -> dict[str, Parts]:
    """Name -> the bytes of a whole request.

    Args:
        path: A route that takes JSON.
        token: Of a caller who may call it.
    """
    send = _Sender(path, token)
    nested = b'{"config":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}"
    packed = gzip.compress(b"[" + b"0," * (4 * _MIB) + b"0]")
    return {
        "100,000 lists in each other": send.json(b"[" * 100_000 + b"]" * 100_000),
        "lists that never end": send.json(b"[" * 900_000),
        "5,000 objects in each other": send.json(nested),
        "65 levels": send.json(b"[" * 65 + b"]" * 65),
        "lists and objects by turns": send.json(b'[{"a":' * 10_000 + b"1" + b"}]" * 10_000),
        "NaN": send.json(b'{"config":{"training":{"learning_rate":NaN}}}'),
        "Infinity": send.json(b'{"config":{"training":{"learning_rate":Infinity}}}'),
        "-Infinity": send.json(b'{"priority":-Infinity}'),
        "a number beyond all numbers": send.json(
            b'{"trainer_type":"lora","config":{"training":{"learning_rate":1e999}}}'
        ),
        "a number of 100,000 digits": send.json(b'{"priority":' + b"9" * 100_000 + b"}"),
        "a line of 1 GB, announced": send.headed({"Content-Length": str(1 << 30)}, iter([b'{"a":"' + b"x" * 1_000])),
        "a line of 1 GB, in chunks": send.headed({"Transfer-Encoding": "chunked"}, _chunks(1024)),
        "gzip": send.json(packed, {"Content-Encoding": "gzip"}),
        "gzip in gzip": send.json(gzip.compress(packed), {"Content-Encoding": "gzip, gzip"}),
        "deflate": send.json(zlib.compress(b"0" * _MIB), {"Content-Encoding": "deflate"}),
        "br": send.json(b"\x0b\x02\x80{}\x03", {"Content-Encoding": "br"}),
        "UTF-16": send.json('{"trainer_type":"lora"}'.encode("utf-16")),
        "no UTF-8": send.json(b'{"trainer_type":"\xff\xfe\xfd"}'),
        "half a character": send.json(b'{"trainer_type":"lora","config":{},"job_name":"\\ud800"}'),
        "NUL in a text": send.json(b'{"trainer_type":"lora","config":{},"job_name":"a\\u0000b"}'),
        "50,000 unknown fields": send.json(json.dumps({f"f{number}": 0 for number in range(50_000)}).encode()),
        "200,000 tags": send.json(json.dumps({"trainer_type": "lora", "tags": [""] * 200_000}).encode()),
        "another type than it says": send.json(b"a,b\n1,2\n"),
        "a length that is no number": send.headed({"Content-Length": "12abc"}, iter([b"{}"])),
        "two lengths": send.raw("Content-Length: 2\r\nContent-Length: 900\r\n", b"{}"),
        "length and chunks": send.raw("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "a chunk longer than all memory": send.raw("Transfer-Encoding: chunked\r\n", b"FFFFFFFFFFFFFFFFF\r\nx"),
        "a head of 1 MB": send.raw("".join(f"X-{number}: {'y' * 1000}\r\n" for number in range(1_000)), b""),
        "an address of 200 KB": send.line(f"GET /{'a' * 200_000} HTTP/1.1\r\nHost: clara\r\n\r\n"),
        "no HTTP at all": send.line("\x16\x03\x01 HELO\r\n\r\n"),
    }


def hostile_uploads(token: str) -> dict[str, Parts]:
    """The same for forms."""
    send = _Sender(UPLOAD, token)
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nx\r\n'
    long_head = part[:-7] + b"\r\nX-Long: " + b"y" * _MIB + b"\r\n\r\nx\r\n--b--\r\n"
    field = b'--b\r\nContent-Disposition: form-data; name="source"\r\n\r\n' + b"y" * (2 * _MIB) + b"\r\n--b--\r\n"
    return {
        "a form without boundary": send.form(part, "multipart/form-data"),
        "10,000 files": send.form(part * 10_000 + b"--b--\r\n"),
        "a part with a head of 1 MB": send.form(long_head),
        "a field of 2 MB": send.form(field),
        "1 GB, announced": send.headed({"Content-Length": str(1 << 30), "Content-Type": _FORM}, iter([part])),
        "a form that breaks off": send.form(part[:-20]),
    }


_FORM = "multipart/form-data; boundary=b"


class _Sender:
    def __init__(self, path: str, token: str) -> None:
        self._start = f"POST {path} HTTP/1.1\r\nHost: clara\r\nAuthorization: Bearer {token}\r\n"

    def json(self, body: bytes, headers: dict[str, str] | None = None) -> Parts:
        return self.headed({"Content-Length": str(len(body)), **(headers or {})}, iter([body]))

    def form(self, body: bytes, kind: str = _FORM) -> Parts:
        return self.headed({"Content-Length": str(len(body)), "Content-Type": kind}, iter([body]))

    def headed(self, headers: dict[str, str], body: Iterator[bytes]) -> Parts:
        named = {"Content-Type": "application/json", **headers}
        return self.raw("".join(f"{name}: {value}\r\n" for name, value in named.items()), body)

    def raw(self, headers: str, body: bytes | Iterator[bytes]) -> Parts:
        head = f"{self._start}{headers}\r\n".encode()
        return lambda: itertools.chain([head], [body] if isinstance(body, bytes) else body)

    def line(self, text: str) -> Parts:
        return lambda: iter([text.encode("latin-1")])


def _chunks(mebibytes: int) -> Iterator[bytes]:
    piece = b"x" * _MIB
    return (b"%x\r\n%s\r\n" % (len(piece), piece) for _ in range(mebibytes))
