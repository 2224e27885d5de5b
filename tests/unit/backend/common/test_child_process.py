"""A child and its service notice each other's end, and a kill takes grandchildren along."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.common.child_process import ChildProcess, describe_exit
from backend.common.json_lines import decode, encode

ECHO = """
import sys, time
from backend.common.parent_pipe import ParentPipe
pipe = ParentPipe()
print("a library prints this")
order = pipe.order()
heard = []
pipe.listen(heard.append)
pipe.send({"order": order})
while not heard: time.sleep(0.01)
pipe.send({"heard": heard[0], "loss": float("nan")})
"""

FAMILY = """
import subprocess, sys, time
from backend.common.parent_pipe import ParentPipe
pipe = ParentPipe()
pipe.order()
pipe.listen()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pipe.send({"grandchild": child.pid})
time.sleep(600)
"""


def is_gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_gone(pid: int) -> None:
    give_up = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def start(script: str, log: Path) -> "asyncio.Future[ChildProcess]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    command = (sys.executable, "-c", script)
    return ChildProcess.start(command, encode({"n": 1}), log=log, environment=environment)  # type: ignore[return-value]


def test_order_messages_and_prints_each_go_their_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = await start(ECHO, tmp_path / "log")
        heard = []
        async for message in child.messages():
            heard.append(message)
            if "order" in message:
                await child.send({"stop": "now"})
        assert heard == [{"order": {"n": 1}}, {"heard": {"stop": "now"}, "loss": None}]
        assert await child.end(grace_s=10) == 0

    asyncio.run(scenario())
    log = (tmp_path / "log").read_text()
    assert "a library prints this" in log
    assert "Fatal" not in log


def test_a_kill_takes_grandchildren_along(tmp_path: Path) -> None:
    async def scenario() -> int:
        child = await start(FAMILY, tmp_path / "log")
        grandchild = (await anext(child.messages()))["grandchild"]
        assert describe_exit(await child.end(grace_s=0.1)) == "signal 9 (SIGKILL)"
        return int(grandchild)

    wait_gone(asyncio.run(scenario()))


def test_the_end_of_the_service_ends_child_and_grandchild(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, int]:
        child = await start(FAMILY, tmp_path / "log")
        grandchild = (await anext(child.messages()))["grandchild"]
        stdin = child._process.stdin
        assert stdin is not None
        stdin.close()
        await child.end(grace_s=10)
        return child.pid, int(grandchild)

    for pid in asyncio.run(scenario()):
        wait_gone(pid)


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.floats()))))
def test_every_message_is_one_line_of_ascii_safe_json(message: dict[str, object]) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert set(decode(line)) == {name.encode("utf-8", "backslashreplace").decode() for name in message}


@pytest.mark.parametrize("line", [b"[1]", b"1", b"null", b"{", b""])
def test_what_is_no_object_is_no_message(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)


OUTLIVED = """
import subprocess, sys
from backend.common.parent_pipe import ParentPipe
pipe = ParentPipe()
pipe.order()
out = pipe._output.fileno()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, pass_fds=[out])
pipe.send({"grandchild": child.pid})
"""

LOUD = """
from backend.common.parent_pipe import ParentPipe
pipe = ParentPipe()
pipe.order()
pipe.send({"text": "x" * 5_000_000})
pipe._output.write(b"not json\\n")
pipe.send({"text": "last"})
"""


def test_a_grandchild_that_holds_the_pipe_does_not_hide_the_end_of_the_child(tmp_path: Path) -> None:
    async def scenario() -> int:
        child = await start(OUTLIVED, tmp_path / "log")
        async with asyncio.timeout(20):
            heard = [message async for message in child.messages()]
        assert await child.end(grace_s=0) == 0
        child.close()
        return int(heard[0]["grandchild"])

    grandchild = asyncio.run(scenario())
    assert not is_gone(grandchild)
    os.kill(grandchild, 9)


def test_lines_that_are_no_messages_are_dropped_and_the_next_one_is_heard(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = await start(LOUD, tmp_path / "log")
        assert [message async for message in child.messages()] == [{"text": "last"}]
        assert await child.end(grace_s=10) == 0

    asyncio.run(scenario())


def test_a_child_that_cannot_be_started_is_an_os_error(tmp_path: Path) -> None:
    async def scenario(command: tuple[str, ...], log: Path) -> None:
        await ChildProcess.start(command, encode({}), log=log)

    with pytest.raises(FileNotFoundError):
        asyncio.run(scenario((str(tmp_path / "missing"),), tmp_path / "log"))
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        asyncio.run(scenario(("true",), tmp_path / "file" / "log"))


def test_an_end_can_be_asked_for_again_and_tells_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = await start("raise SystemExit(7)", tmp_path / "log")
        assert [await child.end(grace_s=10), await child.end(), await child.gone()] == [7, 7, 7]
        await child.send({"stop": "now"})

    asyncio.run(scenario())


def test_a_group_that_is_gone_is_not_killed_again_since_its_number_may_be_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        child = await start("", tmp_path / "log")
        assert await child.end(grace_s=10) == 0
        with monkeypatch.context() as patch:
            patch.setattr(os, "killpg", lambda *_: pytest.fail("killed a group that is gone"))
            child.kill()
            await child.end(grace_s=0)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (7, "exit code 7"), (-11, "signal 11 (SIGSEGV)"), (-99, "signal 99")]
)
def test_exit_codes_are_told_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
