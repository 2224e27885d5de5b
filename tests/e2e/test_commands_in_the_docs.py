"""Every command that README and guides show is run: against real services, or found in the Makefile."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from frontend.client import ClaraClient
from frontend.client.errors import ServiceConflict
from shared.models.dataset import DatasetStatus
from shared.models.review import ReviewState
from tests.support.dataset_service import markdown_parts
from tests.support.installation import ROOT, Installation, until

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
# `clara serve all` and the service modules run for ever: the installation of these tests has started the same modules,
# and the quick start's test runs `clara serve all`. A starter takes minutes: the quick start's test makes one.
LONG = {"serve", "model"}
# These need a provider, or one another: tests/integration/frontend/test_login_journey.py and test_identity_guide.py
ELSEWHERE = ("clara login", "clara logout", "clara whoami", "clara admin certs")
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


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    found: list[str] = []
    for page in PAGES:
        found += re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return found


def curls() -> list[str]:
    """Every curl command, on one line each."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        found += [line.strip() for line in text.splitlines() if line.startswith("    curl ")]
    return found


CLARA_COMMANDS = [
    command for command in shown("clara") if shlex.split(command)[1] not in LONG and not command.startswith(ELSEWHERE)
]


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
        adapter_id = client.jobs.get(job_id).adapter_id
        assert adapter_id is not None
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
    with it.client() as client:
        # short ones: the tests train on 32 tokens of each
        client.feedback.give([{"prompt": f"Gebühr {n}?", "answer": f"Satz {n}.", "rating": 5} for n in range(60)])
    write_ordinances(folder / "ordinances")
    assert it.clara("ingest", str(folder / "ordinances")).returncode == 0
    with it.client() as client:
        text_key = client.quality.rule_section(f"{document_id}:1:0", ReviewState.KEPT).text_key
    write_judged_queries(folder)
    rating = {"prompt": "Wo ist das Amt?", "answer": "Im Kreishaus.", "correction": "Im Rathaus."}
    (folder / "ratings.jsonl").write_text(json.dumps(rating) + "\n", encoding="utf-8")
    key = it.clara("admin", "keys", "create", "docs", "--role", "analyst", "--json")
    with it.client() as client:
        query = {"query_text": "*", "top_k": 200}
        child_id = client.datasets.create("Kinder", search_query=query, parent=dataset_id).dataset_id
        *_, child = client.datasets.wait(child_id)
        assert child.status is DatasetStatus.COMPLETED
    return {
        "KEY_ID": json.loads(key.stdout)["key_id"],
        "DATASET_ID": dataset_id,
        "CHILD_ID": child_id,
        "JOB_ID": job_id,
        "DOCUMENT_ID": document_id,
        "UNWANTED_ID": unwanted_id(it, folder),
        "ADAPTER_ID": adapter_id,
        "TEXT_KEY": text_key,
        "PUBLISH_TARGET": f"file://{it.home.parent}/share",
        "starter": "tiny",
        "cwd": str(folder),
    }


def unwanted_id(it: Installation, folder: Path) -> str:
    """A document that is in no dataset that others still need: it is erased."""
    (folder / "unwanted.md").write_text(
        "# Niemandes Satzung\n\n## § 1 Irrtum\n\nSie ist nicht gemeint.\n", encoding="utf-8"
    )
    it.clara("ingest", str(folder / "unwanted.md"), "--source", "unwanted")
    with it.client() as client:
        (unwanted,) = client.documents.page(source="unwanted").documents
    return unwanted.document_id


def write_ordinances(folder: Path) -> None:
    """As many documents as limits and what is usual can be learnt from, whichever of them are held out."""
    folder.mkdir()
    for _, (name, content, _) in markdown_parts(320):
        (folder / Path(name).name).write_bytes(content)


def write_judged_queries(folder: Path) -> None:
    """The laws and the judged queries that the guide to the evaluation of searches names."""
    shutil.copytree(ROOT / "tests" / "support" / "search_set" / "satzungen", folder / "laws")
    question = {"id": "q1", "question": "Wann erteilt die Stadt die Baugenehmigung?"}
    paragraph = {"context": "Die Stadt erteilt die Baugenehmigung im Verfahren.", "qas": [question]}
    squad = {"data": [{"title": "Satzung", "paragraphs": [paragraph]}]}
    (folder / "questions.json").write_text(json.dumps(squad), encoding="utf-8")
    (folder / "benchmark" / "qrels").mkdir(parents=True)
    for name, row in (("corpus", {"_id": "d", "text": "Baugenehmigung"}), ("queries", {"_id": "q", "text": "Bau"})):
        (folder / "benchmark" / f"{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (folder / "benchmark" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n", encoding="utf-8")


def job_for(command: str, client: ClaraClient) -> str | None:
    """A job in the state that the command is for; None if a completed one will do."""
    action = shlex.split(command)[2] if command.startswith("clara jobs ") else ""
    if action not in {"pause", "resume", "cancel"}:
        return None
    probe = {"probe": {"steps": 10_000, "seconds_per_step": 0.1}}
    job_id = client.jobs.submit(trainer_type="probe", config=probe).job_id
    if action == "resume":
        client.jobs.pause(job_id)
    return job_id


@pytest.mark.parametrize("command", CLARA_COMMANDS)
def test_a_clara_command_in_the_docs_works(
    ready: tuple[Installation, str], names: dict[str, str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it, _ = ready
    monkeypatch.chdir(names["cwd"])
    with it.client() as client:
        own_job = job_for(command, client)
        arguments = shlex.split(filled(command, {**names, **({"JOB_ID": own_job} if own_job else {})}))[1:]
        if arguments[0] == "train":
            arguments += ["--set", "training.max_steps=3", "--set", "data.max_length=32"]
            if not {"--dataset", "--trainer"} & set(arguments):
                # the newest one may be of questions that are too long for the tiny model
                arguments += ["--dataset", names["DATASET_ID"]]
        done = it.clara(*arguments)
        if own_job:
            # whatever became of the command: others wait behind this job
            with suppress(ServiceConflict):
                client.jobs.cancel(own_job)
    # doctor says with 1 that something optional lacks on this machine
    assert done.returncode in ({0, 1} if arguments[0] == "doctor" else {0}), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def filled(text: str, names: dict[str, str]) -> str:
    """What the docs show, with real values for its placeholders."""
    for placeholder, value in names.items():
        text = re.sub(rf"\b{placeholder}\b", value, text)
    return text


def at_these_ports(text: str, it: Installation) -> str:
    """What the docs show, with the ports of this installation."""
    return text.replace("45680", str(it.ports["training"])).replace("45681", str(it.ports["datasets"]))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", curls())
def test_a_curl_command_in_the_docs_is_answered(
    ready: tuple[Installation, str], names: dict[str, str], command: str
) -> None:
    arguments = shlex.split(at_these_ports(filled(command, names), ready[0]))
    done = subprocess.run(
        [*arguments, "--fail-with-body", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*"],
        cwd=names["cwd"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_python_in_the_docs_runs(ready: tuple[Installation, str], names: dict[str, str], block: str) -> None:
    it, _ = ready
    done = subprocess.run(
        [sys.executable, "-c", at_these_ports(filled(block, names), it)],
        env=it.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    missing = []
    for page in [*PAGES, *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (target.startswith("http") or (page.parent / target).exists()):
                missing += [f"{Path(page).relative_to(ROOT)}: {target}"]
    assert not missing
