"""`clara jobs` against a live server."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, job, run_of


@pytest.fixture
def state() -> ContractState:
    rows = [
        job("job_1", status="completed"),
        job("job_2", status="running", metrics={"loss": 2.25, "held_out": {"ratio": 0.5}}),
    ]
    return ContractState(jobs={row["job_id"]: row for row in rows}, updates={"job_2": run_of("job_2", 4)})


def test_jobs_are_listed_newest_first_with_counts_of_all(clara: Clara) -> None:
    result = clara("jobs", "list")
    assert result.stdout.index("job_2") < result.stdout.index("job_1")
    assert "1 active · 2 completed · 0 failed" in result.stderr
    assert [row["job_id"] for row in clara.json("jobs", "list", "--status", "running")["jobs"]] == ["job_2"]


def test_a_status_that_does_not_exist_is_refused_before_any_call(clara: Clara) -> None:
    assert clara("jobs", "list", "--status", "sleeping").exit_code == 2


def test_watch_as_json_streams_every_update(clara: Clara) -> None:
    lines = clara.json_lines("jobs", "watch", "job_2")
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["status"] == "completed"


def test_watch_without_a_terminal_writes_lines_with_loss_speed_and_time_left(clara: Clara) -> None:
    result = clara("jobs", "watch", "job_2")
    assert result.exit_code == 0
    assert "step 2/4 · loss 1.333 · 900 tok/s · ETA 2.0 s" in result.stderr


def test_watch_on_a_terminal_draws_a_bar_with_loss_speed_and_time_left(clara: Clara) -> None:
    result = clara("jobs", "watch", "job_2", env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert result.exit_code == 0
    assert "━" in result.stderr
    assert "step 4/4" in result.stderr
    assert "900 tok/s" in result.stderr


def test_ctrl_c_leaves_the_job_running_and_says_so(clara: Clara, state: ContractState) -> None:
    del state.updates["job_2"][3:]
    process = subprocess.Popen(
        [sys.executable, "-m", "frontend.cli", "--training-url", clara.url, "jobs", "watch", "job_2"],
        env=os.environ | {"CLARA_LANG": "en"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "step 2/4" not in (line := process.stderr.readline()):
        assert line, "the command ended early"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "clara jobs cancel job_2" in stderr
    assert "Traceback" not in stderr


def test_events_stream_as_json_lines_from_a_number_on(clara: Clara, state: ContractState) -> None:
    assert [event["seq"] for event in clara.json_lines("jobs", "events", "job_2", "--after", "4")] == [5, 6]
    state.updates["job_2"][0] |= {"text": "9 records are cut"}
    state.updates["job_2"][1] |= {"evaluation": {"eval_loss": 2.5}}
    shown = clara("jobs", "events", "job_2").stdout
    for part in ("completed", "9 records are cut", "eval_loss 2.500"):
        assert part in shown


def test_following_events_ends_with_the_job_and_keeps_their_shape(clara: Clara, state: ContractState) -> None:
    followed = clara.json_lines("jobs", "events", "job_2", "--follow", "--after", "2")
    assert [event["seq"] for event in followed] == [3, 4, 5, 6]
    assert followed == clara.json_lines("jobs", "events", "job_2", "--after", "2")
    lines = clara("jobs", "events", "job_2", "--follow").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4", "5", "6"]


def test_the_events_of_a_job_that_has_ended_are_not_waited_for(clara: Clara, state: ContractState) -> None:
    state.updates["job_1"] = run_of("job_1", 1)
    assert [event["seq"] for event in clara.json_lines("jobs", "events", "job_1", "--follow", "--after", "2")] == [3]
    assert clara.json_lines("jobs", "events", "job_1", "--follow", "--after", "3") == []
    assert clara("jobs", "watch", "job_1").exit_code == 0


def test_events_say_why_a_job_waits_again(clara: Clara, state: ContractState) -> None:
    state.updates["job_2"][0] |= {"reason": "crash", "message": "killed by signal 11", "status": "queued"}
    state.updates["job_2"][1] |= {"is_paused": True}
    state.updates["job_2"][2] |= {"reason": "handed_back"}
    shown = clara("jobs", "events", "job_2").stdout
    assert "handed_back: its service stopped; counts as no attempt" in shown
    assert "crash: killed by signal 11" in shown
    assert "paused" in shown


def test_watch_tells_of_a_crash_and_of_a_pause(clara: Clara, state: ContractState) -> None:
    state.updates["job_2"][1] |= {"detail": {"reason": "crash", "message": "signal 11"}, "status": "queued"}
    state.updates["job_2"][2] |= {"detail": {"is_paused": True}}
    for env in ({}, {"FORCE_COLOR": "1", "TERM": "xterm"}):
        shown = clara("jobs", "watch", "job_2", env=env).stderr
        assert "crash: signal 11" in shown
        assert "paused" in shown


def test_a_watched_failure_names_its_attempts_and_the_way_on(clara: Clara, state: ContractState) -> None:
    state.updates["job_2"] = run_of("job_2", 1, status="failed")
    state.jobs["job_2"] |= {"error_message": "Loss is NaN.", "status": "failed"}
    result = clara("jobs", "watch", "job_2")
    assert result.exit_code == 1
    for part in ("Loss is NaN.", "clara jobs attempts job_2", "clara jobs resume job_2"):
        assert part in result.stderr


def test_a_paused_job_is_shown_as_one_and_goes_on_under_its_own_id(clara: Clara) -> None:
    paused = clara("jobs", "pause", "job_2")
    assert paused.exit_code == 0
    assert "clara jobs resume job_2" in paused.stderr
    assert "running (letting go with a checkpoint)" in clara("jobs", "list").stdout
    assert clara("jobs", "resume", "job_2").stdout.strip() == "job_2"
    assert clara("jobs", "pause", "job_1").exit_code == 5


def test_a_stopped_job_is_resumed_as_a_new_one(clara: Clara) -> None:
    assert clara("jobs", "resume", "job_1").stdout.strip() == "job_1_again"
    assert clara("jobs", "retry", "job_1", "--resume").stdout.strip() == "job_1_again"


def test_show_tells_why_a_job_failed_and_how_each_attempt_ended(clara: Clara, state: ContractState) -> None:
    state.jobs["job_1"] |= {
        "status": "failed",
        "failure_reason": "out_of_memory",
        "error_message": "Given up after 3 attempts.",
        "crash_count": 2,
        "max_attempts": 3,
    }
    state.attempts["job_1"] = [
        {"attempt": n, "claim_epoch": n, "owner": f"w{n}", "outcome": "out_of_memory", "message": f"at {n} GB"}
        for n in (1, 2, 3)
    ]
    shown = clara("jobs", "show", "job_1").stdout
    for part in ("out_of_memory: the trainer ran out of memory", "Given up", "2 in a row", "at 3 GB", "w2"):
        assert part in shown
    assert [a["outcome"] for a in clara.json("jobs", "show", "job_1")["attempts"]] == ["out_of_memory"] * 3
    assert clara.json("jobs", "attempts", "job_1")["attempts"][2]["message"] == "at 3 GB"
    assert "at 1 GB" in clara("jobs", "attempts", "job_1").stdout


def test_show_tells_what_a_queued_job_waits_for(clara: Clara, state: ContractState) -> None:
    state.jobs["job_2"] |= {"status": "queued", "queue_position": 4, "not_before": "2026-01-05T09:00:00Z"}
    shown = clara("jobs", "show", "job_2").stdout
    assert "3 jobs are before it, not before 2026-01-05" in shown
    state.jobs["job_2"] |= {"queue_position": 1, "not_before": None}
    assert "it is next" in clara("jobs", "show", "job_2").stdout
    assert "No worker has taken the job yet." in clara("jobs", "attempts", "job_2").stdout


def test_cancelling_a_finished_job_is_a_conflict(clara: Clara) -> None:
    assert clara("jobs", "cancel", "job_2").exit_code == 0
    result = clara("jobs", "cancel", "job_1")
    assert result.exit_code == 5
    assert "already completed" in result.stderr


def test_a_retry_answers_the_new_id(clara: Clara) -> None:
    assert clara("jobs", "retry", "job_1").stdout.strip() == "job_1_again"


def test_logs_are_printed_as_they_are(clara: Clara) -> None:
    assert clara("jobs", "logs", "job_1").stdout == "first line\nsecond line\n"
    assert clara.json("jobs", "logs", "job_1", "--lines", "1") == {"job_id": "job_1", "lines": ["second line"]}


def test_show_gives_the_figures_of_a_running_job(clara: Clara) -> None:
    shown = clara("jobs", "show", "job_2").stdout
    assert "2.250" in shown
    assert "held_out.ratio" in shown


def test_the_report_shows_the_figure_both_completions_the_curve_and_the_folder(
    clara: Clara, state: ContractState, tmp_path: Path
) -> None:
    state.reports["job_1"] = {
        "perplexity_base": 120.0,
        "perplexity_adapter": 42.0,
        "paths": {"adapter": "/models/adapters/job_1/e1"},
        "samples": [{"prompt": "Die Behörde [1]", "base": "\n\n", "reference": "soll", "adapter": "kann anordnen"}],
        "loss_history": [
            {"step": 5, "loss": 4.5},
            {"step": 10, "loss": 3.5, "running_loss": 4.0},
            {"step": 15, "eval_loss": 3},
        ],
    }
    result = clara("jobs", "report", "job_1", "--png", str(tmp_path / "loss.png"))
    assert result.exit_code == 0, result.output
    shown_parts = ("120.00", "42.00", "is 0.35 of", "Die Behörde [1]", "kann anordnen", "–", "soll", "┤", "/models/")
    for part in shown_parts:
        assert part in result.stdout
    assert (tmp_path / "loss.png").read_bytes() == b"\x89PNG"
    assert clara.json("jobs", "report", "job_1")["perplexity_adapter"] == 42.0


def test_the_report_is_saved_as_a_page_and_opened_in_the_browser(
    clara: Clara, state: ContractState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.reports["job_1"] = {}
    result = clara("jobs", "report", "job_1", "--html", str(tmp_path / "report.html"))
    assert (tmp_path / "report.html").read_bytes() == b"<!doctype html>"
    assert f"Report saved: {tmp_path / 'report.html'}" in result.stderr

    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n', encoding="utf-8")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    assert clara("jobs", "report", "job_1", "--open").exit_code == 0
    opened = seen.read_text(encoding="utf-8").strip()
    assert opened.startswith("file://")
    page = Path(url2pathname(urlsplit(opened).path))
    assert page.read_bytes() == b"<!doctype html>"
    assert page.parent.stat().st_mode & 0o077 == 0


def test_a_report_without_held_out_records_still_shows_what_there_is(clara: Clara, state: ContractState) -> None:
    state.reports["job_1"] = {"held_out": {}, "samples": [], "loss_history": [{"step": 1, "loss": 2.0}]}
    result = clara("jobs", "report", "job_1")
    assert result.exit_code == 0
    assert "2 ┤" in result.stdout


def test_a_missing_token_is_told_with_the_way_to_give_one(clara: Clara, state: ContractState) -> None:
    state.token = "secret"
    result = clara("jobs", "list")
    assert result.exit_code == 3
    assert "--token or CLARA_TOKEN" in result.stderr
    assert clara("jobs", "list", "--token", "secret").exit_code == 0
    assert clara("--token", "secret", "jobs", "list").exit_code == 0
    assert clara("jobs", "list", env={"CLARA_TOKEN": "secret"}).exit_code == 0


def test_german_is_spoken_where_german_is_asked(clara: Clara, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from frontend.cli.texts import language

    monkeypatch.setenv("CLARA_LANG", "de")
    language.cache_clear()
    assert "1 aktiv · 2 fertig" in clara("jobs", "list").stderr
    assert clara("ingest", str(tmp_path / "nirgends")).stderr.startswith("Fehler (path_missing)")
