"""Every command that README and guides show is run: against real services, or found in the Makefile."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.installation import ROOT, Installation, until

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
# `clara serve all` and the service modules run for ever: the installation of these tests has started the same modules,
# and the quick start's test runs `clara serve all`. A starter takes minutes: the quick start's test makes one.
LONG = {"serve", "model"}
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown(word: str) -> list[str]:
    """Commands that start with `word`, from indented lines and from inline code."""
    found = []
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith("    ") and line.strip().startswith(f"{word} "):
                found.append(line.split("  #")[0].strip())
            found += [code for code in re.findall(r"`([^`]+)`", line) if code.startswith(f"{word} ")]
    return sorted(set(found))


CLARA_COMMANDS = [command for command in shown("clara") if shlex.split(command)[1] not in LONG]


@pytest.mark.parametrize("command", shown("make"))
def test_a_make_target_in_the_docs_exists(command: str) -> None:
    assert shlex.split(command)[1] in MAKE_TARGETS


@pytest.mark.parametrize("command", shown("python"))
def test_a_module_in_the_docs_can_be_run(command: str) -> None:
    module = shlex.split(command)[2]
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.fixture(scope="module")
def names(ready: tuple[Installation, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the placeholders of the docs stand for."""
    it, dataset_id = ready
    with it.client() as client:
        config = {"training": {"max_steps": 3, "cpu_threads": 1}, "data": {"max_length": 32}}
        job_id = client.jobs.submit(config=config, dataset_id=dataset_id).job_id
        until(client, job_id, lambda job: job.status.is_terminal)
        document_id = client.documents.page(limit=1).documents[0].document_id
    folder = tmp_path_factory.mktemp("docs")
    (folder / "documents").mkdir()
    for number in range(12):
        text = (
            f"# Satzung {number}\n\n## § 1 Zweck\n\nDie Stadt erteilt die Baugenehmigung für das Vorhaben Nummer "
            f"{number} in einem Verfahren, das in dieser Satzung und in den Gesetzen des Landes geregelt ist.\n"
        )
        (folder / "documents" / f"{number}.md").write_text(text, encoding="utf-8")
    assert it.clara("ingest", str(folder / "documents")).returncode == 0
    return {
        "DATASET_ID": dataset_id,
        "JOB_ID": job_id,
        "DOCUMENT_ID": document_id,
        "starter": "tiny",
        "cwd": str(folder),
    }


@pytest.mark.parametrize("command", CLARA_COMMANDS)
def test_a_clara_command_in_the_docs_works(
    ready: tuple[Installation, str], names: dict[str, str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it, _ = ready
    monkeypatch.chdir(names["cwd"])
    for placeholder, value in names.items():
        command = re.sub(rf"\b{placeholder}\b", value, command)
    arguments = shlex.split(command)[1:]
    if arguments[0] == "train":
        arguments += ["--set", "training.max_steps=3", "--set", "data.max_length=32"]
    done = it.clara(*arguments)
    # doctor says with 1 that something optional lacks on this machine
    assert done.returncode in ({0, 1} if arguments[0] == "doctor" else {0}), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    missing = []
    for page in [*PAGES, *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (target.startswith("http") or (page.parent / target).exists()):
                missing += [f"{Path(page).relative_to(ROOT)}: {target}"]
    assert not missing
