"""The command as a whole: its start, its help, its exit codes."""

import json
import subprocess
import sys

import pytest

from tests.support.cli import Clara
from tests.support.live_server import free_port

COMMANDS = [
    ["ingest"],
    ["train"],
    ["serve"],
    ["doctor"],
    *(["documents", name] for name in ("list", "show")),
    *(["datasets", name] for name in ("list", "show", "create", "export", "download", "delete")),
    *(["jobs", name] for name in ("list", "show", "watch", "cancel", "retry", "events", "logs", "report")),
    *(["adapters", name] for name in ("list", "show")),
    *(["quality", name] for name in ("profile", "preview", "run", "calibrate", "learn", "explain")),
    *(["quality", "review", name] for name in ("show", "keep", "reject")),
    ["model", "create-starter"],
    ["config", "show"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example_and_the_shared_options(command: list[str]) -> None:
    result = Clara("http://nowhere.test")(*command, "--help")
    assert result.exit_code == 0
    assert f"clara {' '.join(command)}" in result.stdout
    assert "--json" in result.stdout
    assert "--token" in result.stdout


def test_loading_the_command_line_loads_nothing_heavy() -> None:
    heavy = ("httpx", "pydantic", "websockets", "yaml", "rich", "sqlalchemy", "fastapi", "torch", "backend")
    script = (
        "import json, sys; import frontend.cli.main; "
        f"print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == []


def test_nothing_listening_is_exit_code_6_and_says_how_to_start_it() -> None:
    result = Clara(f"http://127.0.0.1:{free_port()}")("jobs", "list")
    assert result.exit_code == 6
    assert "clara serve training" in result.stderr


def test_verbose_shows_the_trace_of_an_expected_error() -> None:
    result = Clara(f"http://127.0.0.1:{free_port()}")("jobs", "list", "--verbose")
    assert "Traceback" in result.stderr
    assert "ConnectError" in result.stderr


def test_options_after_the_command_win_over_those_before(clara: Clara) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert clara("--training-url", nowhere, "jobs", "list").exit_code == 6
    assert clara("--training-url", nowhere, "jobs", "list", "--training-url", clara.url).exit_code == 0


def test_the_version_is_told() -> None:
    assert Clara("")("--version").stdout.startswith("clara ")


def test_an_unforeseen_error_is_one_sentence_and_exit_code_70() -> None:
    script = "import sys; sys.argv = ['clara', 'jobs', 'list']; import frontend.cli.jobs_cli as j; j.min = None; "
    script += "from frontend.cli.main import main; main()"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert answer.returncode == 70
    assert "--verbose" in answer.stderr
    assert "Traceback" not in answer.stderr
