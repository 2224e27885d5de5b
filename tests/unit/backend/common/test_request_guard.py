import asyncio
import json
import threading
from functools import cache

import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI, UploadFile
from hypothesis import given
from hypothesis import strategies as st

from backend.common.blocking import bound_threads, in_thread
from backend.common.request_guard import _objection, _unstorable_field
from tests.support.services import client_of, small_app

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


router = APIRouter()


@router.post("/echo")
async def echo(content: object = Body()) -> object:
    return content


@router.post("/upload")
async def upload(files: list[UploadFile]) -> int:
    return sum(file.size or 0 for file in files)


@cache
def _echoing() -> FastAPI:
    return small_app([router])


async def _posted(body: bytes, **headers: str) -> httpx.Response:
    return await _posted_as(body, *{**JSON, **headers}.items())


async def _posted_as(body: bytes, *headers: tuple[str, str]) -> httpx.Response:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    async with client_of(_echoing()) as client:
        return await client.post("/echo", content=body, headers=sent)


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip"])
async def test_packed_bodies_are_refused_unread(encoding: str) -> None:
    answer = await _posted(b"{}", **{"Content-Encoding": encoding})

    assert (answer.status_code, answer.json()["code"]) == (415, "encoding_not_supported")
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"[" * 65 + b"]" * 65, b'{"a":' * 70, b"[NaN]", b'{"a": -Infinity}'])
async def test_depth_and_numbers_that_are_none_are_refused(body: bytes) -> None:
    answer = await _posted(body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ['["a"]', '["\\u0000"]', "[NaN]", "7", '{"a": "Gebühr"}'])
async def test_json_that_is_not_utf8_is_refused(encoding: str, text: str) -> None:
    answer = await _posted(text.encode(encoding))

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
    assert "UTF-8" in answer.json()["detail"]


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b'["\xed\xa0\x80"]', b'["\xff"]', b'["\xc0\x80"]', '["ä"]'.encode("latin-1")])
async def test_bytes_that_are_no_utf8_are_refused(body: bytes) -> None:
    answer = await _posted(body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.anyio
async def test_a_byte_order_mark_of_utf8_is_passed_over() -> None:
    answer = await _posted('["ä"]'.encode("utf-8-sig"))

    assert (answer.status_code, answer.json()) == (200, ["ä"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [b'["\\ud800"]', b'{"\\udfff": 1}', b'["\\u0000"]', b'{"a": {"b": ["x\\ud83d"]}}', b'["\\\\\\u0000"]'],
)
async def test_characters_that_nothing_stores_are_refused(body: bytes) -> None:
    answer = await _posted(body)

    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable_text")
    assert answer.json()["errors"][0]["field"] == ("a.b.0" if b'"b"' in body else "0" if body[0] == 91 else "body")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content",
    [
        {"a": "[" * 500, "b": 'NaN "{{{{" Infinity'},
        "\\ud800 is written out",
        "\\u0000 too, and \\\\u0000",
        "a pair: \U0001f600",
        [[[]]] * 100,
        {"price": 1e300},
    ],
)
async def test_what_only_looks_odd_passes_as_it_is(content: object) -> None:
    answer = await _posted(json.dumps(content).encode())

    assert (answer.status_code, answer.json()) == (200, content)


HOSTILE = (b'["\\u0000"]', b"[" * 65 + b"]" * 65, b"[NaN]", b'["\xff"]')


@pytest.mark.anyio
@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize(
    "kind",
    [
        "application/json\xa0",
        "\xa0application/json",
        "application/json\x1f",
        "application/merge-patch+json ; charset=utf-8",
        "multipart/form-data\xa0",
        "multipart/form-data/json",
        "text/plain",
        "",
    ],
)
async def test_no_spelling_of_the_type_passes_by_the_guard(body: bytes, kind: str) -> None:
    answer = await _posted_as(body, ("Content-Type", kind))

    assert (answer.status_code, answer.json()["code"]) in {(400, "bad_json"), (422, "unstorable_text")}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Content-Type", ["application/json", "text/plain"]),
        ("Content-Type", ["application/json", "multipart/form-data; boundary=x"]),
        ("Content-Type", ["application/json", "application/json"]),
        ("Content-Encoding", ["gzip", "identity"]),
    ],
)
async def test_headers_that_say_what_a_body_is_stand_there_once(name: str, values: list[str]) -> None:
    answer = await _posted_as(b"{}", *((name, value) for value in values))

    assert (answer.status_code, answer.json()["code"]) == (400, "repeated_header")
    assert name in answer.json()["detail"]


@pytest.mark.anyio
async def test_files_pass_by_unread() -> None:
    async with client_of(small_app([router], max_body_bytes=1_000, body_limits={"/upload": 500_000})) as client:
        answer = await client.post("/upload", files=[("files", ("a.json", b"[" * 100_000))])

    assert (answer.status_code, answer.json()) == (200, 100_000)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
async def test_the_larger_limit_of_uploads_is_for_files_alone(kind: str) -> None:
    async with client_of(small_app([router], max_body_bytes=1_000, body_limits={"/upload": 500_000})) as client:
        answer = await client.post("/upload", content=b"[" + b" " * 1_000, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


def test_large_bodies_are_looked_at_beside_the_event_loop() -> None:
    async def scenario() -> None:
        async with client_of(small_app([router])) as client:
            bound_threads(1)
            release = threading.Event()
            taken = asyncio.create_task(in_thread(release.wait, 10))
            large = asyncio.create_task(client.post("/echo", content=b"[" + b" " * 200_000 + b"]", headers=JSON))
            assert (await client.post("/echo", content=b"[]", headers=JSON)).status_code == 200
            await asyncio.sleep(0.1)
            assert not large.done()
            release.set()
            assert (await large).status_code == 200
            await taken

    asyncio.run(scenario())


@pytest.mark.parametrize("pairs", [0, 1, 32_758, 32_760, 65_536])
def test_depth_is_counted_on_from_piece_to_piece(pairs: int) -> None:
    deep = b"[]" * pairs + b"[" * 30 + b"{}" * pairs

    assert _objection(deep + b"[" * 34, 64) == ""
    assert "64 levels" in _objection(deep + b"[" * 35, 64)


@pytest.mark.anyio
async def test_an_address_with_nul_is_refused() -> None:
    async with client_of(small_app()) as client:
        for path in ("/livez?a=%00", "/api/%00"):
            assert (await client.get(path)).json()["code"] == "unstorable_text"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.booleans())
def test_no_shallow_storable_json_is_refused(content: object, is_ascii: bool) -> None:
    body = json.dumps(content, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")

    assert _objection(body, 64) == ""
    assert (_unstorable_field(body) is None) == (not any("\x00" in text for text in _texts(content)))


def _texts(content: object) -> list[str]:
    if isinstance(content, dict):
        return [text for item in content.items() for part in item for text in _texts(part)]
    if isinstance(content, list):
        return [text for part in content for text in _texts(part)]
    return [content] if isinstance(content, str) else []
