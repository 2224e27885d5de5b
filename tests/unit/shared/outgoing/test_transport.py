import httpx
import pytest

from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy
from shared.outgoing.transport import AddressNotAllowed, AsyncGuardedTransport, GuardedTransport
from tests.support.connection_counter import listening, watching
from tests.support.hostile_urls import resolving
from tests.support.live_server import live_server
from tests.support.loopback import LOOPBACK
from tests.support.services import small_app

FRONT = OutgoingPolicy.parse(["front.test"])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_an_allowed_server_is_asked_as_by_any_client() -> None:
    with live_server(small_app()) as url, httpx.Client(transport=GuardedTransport(LOOPBACK), trust_env=False) as client:
        assert client.get(f"{url}/livez").json() == {"status": "alive"}


@pytest.mark.anyio
async def test_an_allowed_server_is_asked_in_an_event_loop() -> None:
    transport = AsyncGuardedTransport(LOOPBACK)
    with live_server(small_app()) as url:
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            assert (await client.get(f"{url}/livez")).status_code == 200


def test_nothing_is_connected_to_that_is_not_allowed() -> None:
    with listening("127.0.0.1") as trap, watching() as connects, resolving():
        client = httpx.Client(transport=GuardedTransport(PUBLIC_ONLY), trust_env=False)
        for host in ("127.0.0.1", "inner.test", "mixed.test"):
            with pytest.raises(AddressNotAllowed):
                client.get(f"http://{host}:{trap.port}/")

        assert (connects.tried, trap.accepted) == ([], 0)


@pytest.mark.anyio
async def test_a_redirect_is_checked_like_the_first_address() -> None:
    with listening("127.0.0.1") as trap, listening("127.0.0.2") as front, resolving():
        front.location = f"http://127.0.0.1:{trap.port}/"
        transport = AsyncGuardedTransport(FRONT)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=True) as client:
            with pytest.raises(AddressNotAllowed):
                await client.get(f"http://front.test:{front.port}/")

        assert (front.accepted, trap.accepted) == (1, 0)


def test_a_name_without_an_address_is_a_failed_connection() -> None:
    client = httpx.Client(transport=GuardedTransport(LOOPBACK), trust_env=False)
    with resolving(), pytest.raises(httpx.ConnectError):
        client.get("http://nowhere.test/")
