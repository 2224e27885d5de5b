"""Which export formats are installed: every `BaseExporter` in this folder, by its `format`."""

from collections.abc import Mapping

from backend.datasets import export
from backend.datasets.export.base import BaseExporter
from backend.datasets.export.options import ExportOptions
from backend.datasets.records.schema import columns
from shared.errors import InvalidInput
from shared.models.dataset import RecordFormat
from shared.utils.discovery import classes_in
from shared.utils.nearest import nearest


class UnknownExportFormat(InvalidInput):
    """No exporter writes this format."""

    code = "unknown_export_format"

    def __init__(self, asked: str, installed: list[str]) -> None:
        guess = nearest(asked, installed)
        hint = f" Did you mean '{guess}'?" if guess else ""
        super().__init__(
            f"'{asked}' is not an export format; installed: {', '.join(installed)}.{hint}",
            format=asked,
            installed=installed,
        )


def installed_exporters() -> Mapping[str, type[BaseExporter]]:
    """Format -> class, in alphabetical order."""
    found = {cls.format: cls for cls in classes_in(export, BaseExporter)}  # type: ignore[type-abstract]  # mypy#4717
    return dict(sorted(found.items()))


def check_export(export_format: str, record_format: RecordFormat, options: ExportOptions) -> None:
    """Refuse early what a worker would refuse late.

    Raises:
        UnknownExportFormat: If none is installed.
        NotExportable: If it cannot hold such records, or does not know an option.
    """
    exporter_for(export_format)(columns(record_format, include_metadata=options.include_metadata), options)


def exporter_for(export_format: str) -> type[BaseExporter]:
    """The exporter of this format.

    Raises:
        UnknownExportFormat: If none is installed.
    """
    found = installed_exporters()
    if export_format not in found:
        raise UnknownExportFormat(export_format, list(found))
    return found[export_format]
