"""From the submission of a LoRA job to its first optimizer step, through the real service, and where the time goes.

Bounds: 1.0 s beyond imports and the load of the base model; 1.5 s in all with a warm trainer. The jobs come over HTTP
to a service process with its default settings, one after the other; every one has records that nobody has looked at
yet, so that their pre-flight check (a process of its own) and their tokenising are part of it; `known_records` is the
same with those of an earlier job.
Times are those of the job's events, and what the processes tell about their own start. The parts `warm` are of a
service with a warm trainer that is ready; `memory_mb` is the proportional share of memory that its parent holds (PSS)
before the first job.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks import _speed_task
from tests.support.installation import Installation, installation
from tests.support.processes import children_of

RUNS = 5
RECORDS = 128
BOUND_S = 1.0
WARM_BOUND_S = 1.5
LONGEST_S = 300.0
READY = {"status": "ready"}
# of the time in processes, what is neither ours to shorten nor there in a warm one
IMPORTS = ("process", "imports")
LOAD = ("model",)


def measure() -> dict[str, Any]:
    if lacking := _speed_task.missing():
        return {"skipped": f"{', '.join(lacking)} not there; set CLARA_SHARED_DATA", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        data = home / "data"
        data.mkdir()
        train, _ = _speed_task.write_records(data, train=RECORDS, held_out=2)
        (home / "models").mkdir()
        _speed_task.make_model(home / "models" / "small", [train])
        cold = _of_a_service(home, train, first_copy=1)
        warm = _of_a_service(home, train, first_copy=RUNS + 1, warm="on")
    holds = cold["fresh_records"]["beyond_s"] <= BOUND_S and all(
        warm[part]["all_in_s"] <= WARM_BOUND_S for part in ("fresh_records", "known_records")
    )
    bounds = {"beyond_s": BOUND_S, "warm_all_in_s": WARM_BOUND_S}
    return {**cold, **{f"warm_{part}": figures for part, figures in warm.items()}, "bounds": bounds, "holds": holds}


def _of_a_service(home: Path, train: Path, *, first_copy: int, warm: str = "off") -> dict[str, dict[str, float]]:
    with installation(home, services=("training",), CLARA_POLL_SECONDS="1", CLARA_WARM_TRAINER=warm) as it:
        parent = {} if warm == "off" else {"parent": _ready_parent(it)}
        _timed(it, train)  # the database is made, byte code written
        fresh = [_timed(it, copy) for copy in _copies(train, first_copy)]
        known = [_timed(it, train) for _ in range(RUNS)]
    return {"fresh_records": _summary(fresh), "known_records": _summary(known), **parent}


def _ready_parent(it: Installation) -> dict[str, float]:
    """What the warm parent takes: time until it is ready, memory."""
    started = time.monotonic()
    while (health := httpx.get(f"{it.url('training')}/health", trust_env=False).json()["warm_trainer"]) != READY:
        assert time.monotonic() - started < LONGEST_S, health
        time.sleep(0.05)
    seconds = time.monotonic() - started
    (pid,) = children_of(it.processes["training"].pid)
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    pss_kb = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return {"ready_s": round(seconds, 1), "memory_mb": round(pss_kb / 1024, 1)}


def _copies(train: Path, first: int) -> Iterator[Path]:
    """The same records in other orders, so that no file was ever seen."""
    lines = train.read_text(encoding="utf-8").splitlines()
    for number in range(first, first + RUNS):
        copy = train.with_name(f"train{number}.jsonl")
        copy.write_text("".join(f"{line}\n" for line in lines[number:] + lines[:number]), encoding="utf-8")
        yield copy


def _timed(it: Installation, train: Path) -> Mapping[str, float]:
    """Seconds of one job, part by part."""
    order = {
        "trainer_type": "lora",
        "config": {
            "model": {"base_model": "small"},
            "data": {"train_file": train.name, "validation_split": 0},
            "training": {"max_steps": 1, "logging_steps": 1, "batch_size": 1, "gradient_accumulation_steps": 1},
        },
    }
    looked_before = len(_inspections(it))
    with httpx.Client(base_url=it.url("training"), trust_env=False, timeout=60) as client:
        submitted = time.time()
        answer = client.post("/api/training/jobs", json=order)
        accepted = time.time()
        job = answer.raise_for_status().json()["job_id"]
        _wait(client, job)
        events = client.get(f"/api/training/jobs/{job}/events", params={"limit": 500}).json()["events"]
    at = _moments(events)
    start = next(event["payload"]["plan"]["start_s"] for event in events if "plan" in event["payload"])
    looked = _inspections(it)[looked_before:]
    inspection = looked[0] if looked else {}
    imports = sum(part[name] for part in (start, inspection) for name in IMPORTS if name in part)
    load = sum(start[name] for name in LOAD)
    total = at["step"] - submitted
    return {
        "all_in_s": total,
        "imports_s": imports,
        "model_load_s": load,
        "beyond_s": total - imports - load,
        "accept_s": accepted - submitted,
        "preflight_s": at["queued"] - accepted - sum(inspection.get(name, 0.0) for name in IMPORTS),
        "claim_s": at["running"] - at["queued"],
        "trainer_start_s": at["plan"] - at["running"] - sum(start[name] for name in (*IMPORTS, *LOAD)),
        "first_step_s": at["step"] - at["plan"],
        **{f"lap_{name}_s": seconds for name, seconds in start.items()},
    }


def _wait(client: httpx.Client, job: str) -> None:
    give_up = time.monotonic() + LONGEST_S
    while time.monotonic() < give_up:
        found = client.get(f"/api/training/jobs/{job}").json()
        if found["status"] == "completed":
            return
        assert found["status"] in ("pending", "queued", "running"), found
        time.sleep(0.1)
    raise TimeoutError(job)


def _moments(events: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """When the job became queued and running, when its plan was told, and its first step."""
    found: dict[str, float] = {}
    for event in events:
        name = event["payload"].get("status") if event["type"] == "status" else event["type"]
        name = "plan" if "plan" in event["payload"] else name
        found.setdefault(str(name), datetime.fromisoformat(event["created_at"]).timestamp())
    return found


def _inspections(it: Installation) -> list[Mapping[str, float]]:
    """What pre-flight processes told about their time, in the log of the service."""
    log = (it.home / "training.out").read_text(encoding="utf-8", errors="replace")
    lines = [json.loads(line) for line in log.splitlines() if '"inspection.done"' in line]
    return [line["took_s"] for line in lines]


def _summary(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    figures = {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}
    beyond = [run["beyond_s"] for run in runs]
    return {**figures, "beyond_s_min": round(min(beyond), 3), "beyond_s_max": round(max(beyond), 3)}
