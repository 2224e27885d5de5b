"""Records are looked at in real processes: one answer per question, and no answer is no consent."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.training.folders import TrainingFolders
from backend.training.inspection.verdict import RecordsRefused, Verdict
from backend.training.training_config import TrainingConfig
from backend.training.workers.inspection.inspections import COMMAND, InspectionFailed, RecordInspections
from shared.database.stores import memory_stores
from tests.support.input_resolvers import input_resolver
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import write_jsonl

CONFIG = TrainingConfig.parse({"model": {"base_model": "tiny"}, "data": {"train_file": "t.jsonl"}})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_tiny_model(folder / "tiny")
    return folder


@pytest.fixture
def folders(tmp_path: Path, models: Path) -> TrainingFolders:
    (tmp_path / "data").mkdir()
    write_jsonl(tmp_path / "data" / "t.jsonl", [{"text": text} for text in sentences(20)])
    return TrainingFolders(
        data=tmp_path / "data",
        models=models,
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(models,),
    )


def inspections(folders: TrainingFolders, **options: Any) -> RecordInspections:
    inputs = input_resolver(memory_stores(), folders, default_model="tiny")
    usual: dict[str, Any] = {
        "cpu_threads": 1,
        "token_cache_mb": 10,
        "silence_s": 60.0,
        "retry_s": 0.01,
        "on_done": lambda: None,
    }
    return RecordInspections(inputs, folders, **{**usual, **options})


def script(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def answered(desk: RecordInspections, config: TrainingConfig = CONFIG) -> Verdict:
    """The verdict, asked for as admission asks: again and again."""
    task = asyncio.create_task(desk.run())
    try:
        async with asyncio.timeout(60):
            while (verdict := await asyncio.to_thread(desk.look_up, "lora", config)) is None:
                await asyncio.sleep(0.02)
            return verdict
    finally:
        task.cancel()


@pytest.mark.anyio
async def test_good_records_are_consented_to_and_looked_at_once(folders: TrainingFolders) -> None:
    asked = []
    desk = inspections(folders, on_done=lambda: asked.append(1))
    verdict = await answered(desk)
    assert not verdict.refusal
    assert verdict.report is not None
    assert verdict.report["records"] == 20
    assert await answered(desk) is verdict
    assert len(asked) == 1
    assert not list((folders.data / "jobs").iterdir())


@pytest.mark.anyio
async def test_a_file_that_changed_is_another_question(folders: TrainingFolders) -> None:
    desk = inspections(folders)
    assert not (await answered(desk)).refusal
    write_jsonl(folders.data / "t.jsonl", [{"text": ""}])
    assert "t.jsonl line 1, text: is empty" in (await answered(desk)).refusal


@pytest.mark.anyio
async def test_what_concerns_all_records_is_refused_by_name(folders: TrainingFolders) -> None:
    (folders.data / "t.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(RecordsRefused, match="holds no records") as refused:
        await inspections(folders).inspect("lora", CONFIG)
    assert refused.value.context["reason"] == "empty_data"


@pytest.mark.anyio
async def test_a_trainer_without_inputs_needs_no_look(folders: TrainingFolders) -> None:
    desk = inspections(folders, command=script("raise SystemExit(1)"))
    assert desk.look_up("probe", TrainingConfig.parse({})) == Verdict()
    assert (await desk.inspect("probe", TrainingConfig.parse({})))["is_accepted"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "silence_s", "reason"),
    [("raise SystemExit(3)", 60.0, "exit code 3"), ("import time; time.sleep(60)", 0.5, "said nothing for 0.5 s")],
)
async def test_no_answer_is_tried_again_and_is_never_consent(
    folders: TrainingFolders, code: str, silence_s: float, reason: str
) -> None:
    desk = inspections(folders, command=script(code), silence_s=silence_s)
    with pytest.raises(InspectionFailed, match=reason):
        await desk.inspect("lora", CONFIG)
    assert reason in (await answered(desk)).refusal


@pytest.mark.anyio
async def test_a_process_that_dies_once_is_started_again(folders: TrainingFolders, tmp_path: Path) -> None:
    mark = tmp_path / "died"
    code = (
        f"import pathlib, runpy, sys; mark = pathlib.Path({str(mark)!r}); seen = mark.exists(); mark.touch(); "
        f"seen or sys.exit(1); runpy.run_module({COMMAND[-1]!r}, run_name='__main__')"
    )
    verdict = await answered(inspections(folders, command=script(code)))
    assert not verdict.refusal


@pytest.mark.anyio
async def test_the_process_needs_no_torch(folders: TrainingFolders, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = (
        "import pathlib, runpy, sys\n"
        "from backend.common.parent_pipe import ParentPipe\n"
        "send = ParentPipe.send\n"
        "def told(pipe, message):\n"
        f"    pathlib.Path({str(seen)!r}).write_text(str(sys.modules.get('torch', 'never blocked')))\n"
        "    send(pipe, message)\n"
        "ParentPipe.send = told\n"
        f"runpy.run_module({COMMAND[-1]!r}, run_name='__main__')"
    )
    await inspections(folders, command=script(code)).inspect("lora", CONFIG)
    assert seen.read_text(encoding="utf-8") == "None"
