import asyncio

from shared.utils.log_context import bind, bound, context_fields, correlation_id


def test_fields_hold_inside_the_block_and_blocks_add_up() -> None:
    with bound(correlation_id="r1"):
        with bound(job_id="j1"):
            assert context_fields() == {"correlation_id": "r1", "job_id": "j1"}
        assert context_fields() == {"correlation_id": "r1"}
    assert context_fields() == {}
    assert correlation_id() is None


def test_what_is_learnt_midway_ends_with_the_surrounding_block() -> None:
    with bound(correlation_id="r1"):
        bind(principal="anna")
        assert context_fields() == {"correlation_id": "r1", "principal": "anna"}
    assert context_fields() == {}


def test_tasks_do_not_see_each_others_fields() -> None:
    async def one(name: str) -> str | None:
        with bound(correlation_id=name):
            await asyncio.sleep(0)
            bind(principal=name)
            await asyncio.sleep(0)
            assert context_fields()["principal"] == name
            return correlation_id()

    async def both() -> list[str | None]:
        return await asyncio.gather(one("a"), one("b"))

    assert asyncio.run(both()) == ["a", "b"]
