import httpx
import pytest

from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:45680", "127.0.0.1:1", "[::1]:45680", "127.0.0.1"])
async def test_an_open_service_answers_to_loopback_names(host: str) -> None:
    async with client_of(small_app(is_open=True)) as client:
        assert (await client.get("/livez", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:45680", "localhost.evil.example", "", "169.254.1.1"])
async def test_a_name_that_was_pointed_to_us_is_refused(host: str) -> None:
    async with client_of(small_app(is_open=True)) as client:
        answer = await client.get("/livez", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


async def test_a_service_with_tokens_has_the_names_that_its_network_gives_it() -> None:
    transport = httpx.ASGITransport(small_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://clara.stadt.example") as client:
        assert (await client.get("/livez")).status_code == 200
