"""What a build has finished so far, so that one that was killed goes on from there.

<attempt>/work/<stage>/    facts.json, documents.txt, and the stage's own files: published, so whole or not there

The folder of a stage is immutable; a build works on a copy. So an attempt may take the stages of an earlier one over by
renaming them, even while a zombie still reads there. A stage counts for one plan only: its facts carry the plan's key.
"""

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.storage import (
    MANIFEST_NAME,
    CorruptArtefact,
    fsync_folder,
    make_folder,
    stage,
    verify_folder,
    write_json,
)

logger = logging.getLogger(__name__)

WORK, EXPORTS = "work", "exports"
_FACTS, _DOCUMENTS = "facts.json", "documents.txt"


class Stage(StrEnum):
    """Stages after which a build may go on; each makes those before it superfluous."""

    FOUND = "found"
    SETTLED = "settled"
    WRITTEN = "written"


class BuildStages:
    """The finished stages of one attempt.

    Args:
        attempt: Its folder.
        key: Names everything that the build depends on besides what its first stage finds.
        finished: Is told of every stage that is finished here.
    """

    def __init__(self, attempt: Path, key: str, *, finished: Callable[[Stage], None] = lambda _: None) -> None:
        self._attempt = attempt
        self._key = key
        self._finished = finished

    def facts(self, name: Stage) -> Mapping[str, Any] | None:
        """What a finished stage left word of; None if it is not finished, damaged, or of another plan."""
        folder = self._folder(name)
        if not folder.is_dir():
            return None
        try:
            verify_folder(folder)
            told: dict[str, Any] = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        except (CorruptArtefact, OSError, ValueError) as exc:
            logger.warning("build.stage_damaged", extra={"stage": name.value, "reason": str(exc)})
            return None
        return told["facts"] if told.get("key") == self._key else None

    def fetch(self, name: Stage, file: Path) -> Mapping[str, Any] | None:
        """Copy the file of a finished stage to go on working on it; its facts, or None without a file."""
        facts = self.facts(name)
        if facts is not None:
            shutil.copyfile(self._folder(name) / "file", file)
        return facts

    def keep(
        self,
        name: Stage,
        facts: Mapping[str, Any],
        *,
        documents: Iterable[str],
        save: Callable[[Path], None] | None = None,
    ) -> None:
        """A stage is finished: publish what it left, then drop what it makes superfluous.

        Args:
            name: Which.
            facts: JSON-able; what the next stages have to know.
            documents: Ids of the documents that the build has used so far.
            save: Writes the file to go on with.
        """
        shutil.rmtree(self._folder(name), ignore_errors=True)
        with stage(self._folder(name)) as staged:
            write_json(staged.path / _FACTS, {"key": self._key, "facts": dict(facts)})
            with (staged.path / _DOCUMENTS).open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(f"{document_id}\n" for document_id in documents)
            if save is not None:
                save(staged.path / "file")
            staged.publish()
        for other in Stage:
            if other is not name:
                shutil.rmtree(self._folder(other), ignore_errors=True)
        self._finished(name)

    def _folder(self, name: Stage) -> Path:
        return self._attempt / WORK / name.value


def take_over(attempt: Path, earlier: Sequence[Path]) -> None:
    """Move what earlier attempts finished here: their stages, and all that was published once records were written.

    Args:
        attempt: Folder of the attempt that goes on.
        earlier: Folders of the others, the newest first.
    """
    for name in (Stage.FOUND, Stage.SETTLED):
        _take_stage(name, attempt, earlier)
    if not any((folder / WORK / Stage.WRITTEN).is_dir() for folder in earlier):
        return
    for folder in earlier:
        for published in _published(folder):
            _rename(published, attempt / published.relative_to(folder))
    # last: whoever sees it sees all of what it speaks of
    _take_stage(Stage.WRITTEN, attempt, earlier)


def clear_stages(attempt: Path) -> None:
    """The build has ended, well or badly: nothing will go on from here."""
    shutil.rmtree(attempt / WORK, ignore_errors=True)


def used_documents(attempt: Path) -> Iterator[str]:
    """Ids of the documents in the finished stages of an attempt."""
    for name in Stage:
        with suppress(FileNotFoundError), (attempt / WORK / name / _DOCUMENTS).open(encoding="utf-8") as stream:
            yield from (line.rstrip("\n") for line in stream)


def _take_stage(name: Stage, attempt: Path, earlier: Sequence[Path]) -> None:
    for folder in earlier:
        _rename(folder / WORK / name, attempt / WORK / name)


def _published(attempt: Path) -> list[Path]:
    """Folders of an attempt that are whole, those of its stages aside."""
    rooms = [attempt, attempt / EXPORTS]
    return [
        folder
        for room in rooms
        if room.is_dir()
        for folder in sorted(room.iterdir())
        if not folder.name.startswith(".") and (folder / MANIFEST_NAME).is_file()
    ]


def _rename(source: Path, target: Path) -> None:
    """Move a folder to where none is yet; one that is gone meanwhile was a zombie's to clear away."""
    if target.exists() or not source.is_dir():
        return
    make_folder(target.parent)
    with suppress(FileNotFoundError):
        source.rename(target)
        # before the database, which may have another disk, learns that it lies there
        fsync_folder(target.parent)
