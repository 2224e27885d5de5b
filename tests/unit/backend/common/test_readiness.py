import asyncio

import pytest

from backend.common.readiness import Readiness
from shared.errors import Unavailable
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


async def fine() -> None:
    pass


async def down() -> None:
    raise Unavailable("The database does not answer.")


async def broken() -> None:
    raise RuntimeError("bug")


async def test_all_well_means_no_reasons() -> None:
    assert await Readiness({"database": fine, "disk": fine}).reasons() == {}
    assert await Readiness({}).reasons() == {}


async def test_each_thing_that_is_missing_has_its_reason() -> None:
    reasons = await Readiness({"database": down, "disk": fine, "store": down}).reasons()
    assert reasons == dict.fromkeys(("database", "store"), "The database does not answer.")


async def test_a_check_that_hangs_is_waited_for_a_bounded_time_and_not_started_twice() -> None:
    started, let_go = 0, asyncio.Event()

    async def hangs() -> None:
        nonlocal started
        started += 1
        await let_go.wait()

    readiness = Readiness({"database": hangs}, timeout_s=0.05)
    for _ in range(3):
        assert await readiness.reasons() == {"database": "no answer within 0.05 s"}
    assert started == 1
    let_go.set()
    await asyncio.sleep(0)
    assert await readiness.reasons() == {}


async def test_probes_at_the_same_time_share_the_checks() -> None:
    runs = 0

    async def slow() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.02)

    readiness = Readiness({"database": slow})
    assert await asyncio.gather(*(readiness.reasons() for _ in range(5))) == [{}] * 5
    assert runs == 1


async def test_readyz_answers_503_with_the_reasons_and_200_again_afterwards() -> None:
    is_down = True

    async def check() -> None:
        if is_down:
            await down()

    async with client_of(small_app(readiness={"database": check, "disk": fine})) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == {"database": "The database does not answer."}
        assert "database" in answer.json()["detail"]
        is_down = False
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_a_bug_in_a_check_is_not_ready_either() -> None:
    async with client_of(small_app(readiness={"database": broken})) as client:
        assert (await client.get("/readyz")).status_code == 500
        assert (await client.get("/livez")).status_code == 200
