"""What this machine has and lacks for CLARA, each with the way to get it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from config import BaseConfig
from config.factory import unknown_variables
from frontend.cli import formats
from frontend.cli.certificate_ends import certificate_ends
from frontend.cli.service_ports import PortInUse, is_installed, require_free_port
from frontend.client.services import SERVICES

_OLDEST_PYTHON = (3, 11)
_ENOUGH_DISK_BYTES = 5 << 30
_POSTGRES_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
_SOON_DAYS = 30
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# what is installed by which extra of pyproject.toml: import name -> what it is for
_API = {"fastapi": "services", "uvicorn": "services", "multipart": "uploads", "jose": "tokens"}
_READERS = {"pypdf": "PDF", "docx": "Word", "lxml": "XML and HTML", "pyarrow": "Parquet"}
_TRAINER = {"torch": "training", "transformers": "models", "peft": "LoRA", "safetensors": "weights"}
_OPTIONAL = {"bitsandbytes": "QLoRA on a GPU", "matplotlib": "loss curve as PNG", "ray": "more than one machine"}


class State(StrEnum):
    """Verdict on one thing."""

    OK = "ok"
    HINT = "hint"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        found: What is there, in a few words.
        to_do: How to get what lacks; empty if nothing does.
    """

    subject: str
    state: State
    found: str
    to_do: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain values."""
        return {name: str(value) for name, value in asdict(self).items()}


def examine(settings: BaseConfig) -> list[Finding]:
    """Every finding, the needed things first."""
    return [
        _python(),
        *_packages(_API | _READERS, "api", State.MISSING),
        *_packages(_TRAINER, "trainer", State.MISSING),
        _accelerator(),
        *_packages(_OPTIONAL, "", State.HINT),
        _home(settings),
        _disk(settings),
        _database(settings),
        _base_model(settings),
        *_certificates(settings),
        *_ports(settings),
        *_variables(),
        _postgres_binaries(),
        _browser(),
    ]


def _python() -> Finding:
    found = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro} ({sys.executable})"
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        return Finding("Python", State.OK, found)
    return Finding("Python", State.MISSING, found, "Install Python 3.11 or newer and run `make setup` again.")


def _packages(wanted: dict[str, str], extra: str, if_absent: State) -> list[Finding]:
    findings = []
    for name, purpose in wanted.items():
        if find_spec(name) is not None:
            findings.append(Finding(f"{name} ({purpose})", State.OK, "installed"))
        else:
            to_do = f'pip install "clara-finetuning[{extra}]"' if extra else f"Only if you need it: pip install {name}"
            findings.append(Finding(f"{name} ({purpose})", if_absent, "not installed", to_do))
    return findings


def _accelerator() -> Finding:
    """Asked in a child process: importing torch takes seconds and hundreds of megabytes."""
    if find_spec("torch") is None:
        return Finding("GPU", State.HINT, "unknown without torch")
    script = (
        "import json, torch; c = torch.cuda; "
        "print(json.dumps([torch.__version__, [c.get_device_name(i) for i in range(c.device_count())]]))"
    )
    try:
        answer = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
        )
        version, devices = json.loads(answer.stdout)
    except (subprocess.SubprocessError, ValueError) as exc:
        to_do = 'Reinstall it: pip install --force-reinstall "clara-finetuning[trainer]"'
        return Finding("torch", State.MISSING, f"cannot be imported ({type(exc).__name__})", to_do)
    if devices:
        return Finding("GPU", State.OK, f"{', '.join(devices)} (torch {version})")
    return Finding(
        "GPU", State.HINT, f"none (torch {version})", "Small models train on the CPU; larger ones need CUDA."
    )


def _home(settings: BaseConfig) -> Finding:
    place = _existing(settings.home)
    if os.access(place, os.W_OK):
        note = "" if place == settings.home else " (will be made)"
        return Finding("CLARA_HOME", State.OK, f"{settings.home}{note}")
    to_do = f"Make {place} writable for you, or point CLARA_HOME at a folder that is."
    return Finding("CLARA_HOME", State.MISSING, f"{settings.home} is not writable", to_do)


def _disk(settings: BaseConfig) -> Finding:
    free = shutil.disk_usage(_existing(settings.home)).free
    if free >= _ENOUGH_DISK_BYTES:
        return Finding("Disk space", State.OK, f"{formats.size(free)} free")
    to_do = "Models and checkpoints take gigabytes: free some space or move CLARA_HOME."
    return Finding("Disk space", State.HINT, f"{formats.size(free)} free", to_do)


def _database(settings: BaseConfig) -> Finding:
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    url = make_url(settings.database_url_resolved)
    subject = f"Database ({url.get_backend_name()})"
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding(subject, State.OK, f"{url.database} (will be made)")
    try:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except (SQLAlchemyError, ImportError) as exc:
        reason = str(getattr(exc, "orig", None) or exc).splitlines()[0]
        to_do = "Start it, or correct CLARA_DATABASE_URL or POSTGRES_*; without them SQLite is used."
        return Finding(subject, State.MISSING, f"{url.render_as_string(hide_password=True)}: {reason}", to_do)
    return Finding(subject, State.OK, url.render_as_string(hide_password=True))


def _certificates(settings: BaseConfig) -> Iterator[Finding]:
    now = datetime.now(UTC)
    for one in certificate_ends(settings):
        if one.ends is None:
            yield Finding(one.setting, State.MISSING, f"{one.path}: {one.problem}", "Correct the setting or the file.")
            continue
        days = (one.ends - now).days
        state = State.MISSING if one.ends <= now else State.HINT if days < _SOON_DAYS else State.OK
        to_do = "" if state is State.OK else "Make a new one in time: docs/guides/identity.md."
        yield Finding(one.setting, state, f"ends {one.ends.date().isoformat()} (in {days} d)", to_do)


def _base_model(settings: BaseConfig) -> Finding:
    folder = settings.models_dir / settings.default_base_model
    if (folder / "config.json").is_file():
        return Finding("Default base model", State.OK, str(folder))
    to_do = "Run `clara model create-starter`, or set CLARA_DEFAULT_BASE_MODEL to a model folder or hub name."
    return Finding(
        "Default base model", State.HINT, f"'{settings.default_base_model}' is not in the models folder", to_do
    )


def _ports(settings: BaseConfig) -> list[Finding]:
    findings = []
    for service in SERVICES:
        subject = f"Port {getattr(settings, service.port_setting)} ({service.name})"
        if not is_installed(service):
            findings.append(Finding(subject, State.HINT, "service not installed yet"))
            continue
        try:
            require_free_port(service, settings)
        except PortInUse as exc:
            state = State.OK if exc.is_clara else State.MISSING
            findings.append(
                Finding(
                    subject, state, "service runs" if exc.is_clara else "in use", "" if exc.is_clara else exc.message
                )
            )
        else:
            findings.append(Finding(subject, State.OK, "free"))
    return findings


def _variables() -> list[Finding]:
    return [
        Finding(name, State.HINT, "no setting reads this variable", f"Did you mean {guess}?" if guess else "Remove it.")
        for name, guess in unknown_variables(os.environ)
    ]


def _postgres_binaries() -> Finding:
    found = shutil.which("initdb") or next(
        (str(file) for folder in _POSTGRES_FOLDERS for file in sorted(Path(folder).glob("**/bin/initdb"))), None
    )
    if found:
        return Finding("PostgreSQL binaries (tests)", State.OK, found)
    to_do = "Only for the tests on PostgreSQL: apt-get install postgresql"
    return Finding("PostgreSQL binaries (tests)", State.HINT, "initdb not found", to_do)


def _browser() -> Finding:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found:
        return Finding("Browser (tests of the web pages)", State.OK, found)
    to_do = "Only for the tests of the web pages: apt-get install chromium"
    return Finding("Browser (tests of the web pages)", State.HINT, "chromium not found", to_do)


def _existing(path: Path) -> Path:
    """The path, or its nearest ancestor that exists."""
    return next(place for place in (path, *path.parents) if place.exists())
