"""Which formats can be read: every reader and archive in `readers/`, by file name suffix."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.datasets.ingest import readers
from backend.datasets.ingest.base import BaseArchive, BaseReader, UnreadableFile
from shared.utils.discovery import classes_in


@dataclass(frozen=True, slots=True)
class Formats:
    """Installed readers and archives by lower-case suffix with its dot."""

    readers: Mapping[str, BaseReader]
    archives: Mapping[str, BaseArchive]

    @property
    def suffixes(self) -> list[str]:
        """All suffixes, sorted."""
        return sorted([*self.readers, *self.archives])

    def reader(self, name: str) -> BaseReader | None:
        """The reader for a file name, if one is installed."""
        return self.readers.get(suffix_of(name))

    def archive(self, name: str) -> BaseArchive | None:
        """The archive format of a file name, if it is one."""
        return self.archives.get(suffix_of(name))

    def knows(self, name: str) -> bool:
        """Whether anything can be made of a file with this name."""
        return suffix_of(name) in self.readers or suffix_of(name) in self.archives

    def unknown(self, name: str) -> UnreadableFile:
        """The error for a name that nothing reads."""
        return UnreadableFile(name, f"no reader for '{suffix_of(name)}'; there are {', '.join(self.suffixes)}")


def suffix_of(name: str) -> str:
    """Lower-case suffix with its dot, empty if there is none."""
    base = name.rsplit("/", 1)[-1]
    dot = base.rfind(".")
    return base[dot:].lower() if dot > 0 else ""


def installed_formats() -> Formats:
    """What is in the folder now.

    Raises:
        ValueError: If two readers claim the same suffix.
    """
    found_readers: dict[str, BaseReader] = {}
    found_archives: dict[str, BaseArchive] = {}
    for reader in classes_in(readers, BaseReader):  # type: ignore[type-abstract]  # mypy#4717
        for suffix in reader.suffixes:
            _claim(suffix, found_readers, found_archives)
            found_readers[suffix] = reader()
    for archive in classes_in(readers, BaseArchive):  # type: ignore[type-abstract]  # mypy#4717
        for suffix in archive.suffixes:
            _claim(suffix, found_readers, found_archives)
            found_archives[suffix] = archive()
    return Formats(found_readers, found_archives)


def _claim(suffix: str, *taken: Mapping[str, object]) -> None:
    if any(suffix in names for names in taken):
        raise ValueError(f"Two readers claim the suffix '{suffix}'.")
