"""Reports of datasets: pages, pictures and data cards; one method per route."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from frontend.client.download import download
from frontend.client.transport import Transport


class DatasetReportsClient:
    """Routes of the dataset service that tell about a finished dataset."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, dataset_id: str, target: Path, *, language: str = "de") -> Path:
        """Save the report as one HTML file at `target`; `language` is de or en."""
        return download(self._transport, f"{_dataset(dataset_id)}/report?language={quote(language)}", target).path

    def picture(self, dataset_id: str, picture: str, target: Path, *, language: str = "de") -> Path:
        """Save a picture of the report (`lengths`, `dropped` …) as PNG at `target`."""
        name = f"{quote(picture, safe='')}.png?language={quote(language)}"
        return download(self._transport, f"{_dataset(dataset_id)}/report/{name}", target).path

    def pictures(self, dataset_id: str, folder: Path, *, language: str = "de") -> list[Path]:
        """Save every picture of the report in a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        names = self.card(dataset_id).get("pictures", ())
        return [self.picture(dataset_id, name, folder / f"{name}.png", language=language) for name in names]

    def card(self, dataset_id: str) -> Mapping[str, Any]:
        """The data card: order, statistics and the answers of a datasheet."""
        content = self._transport.get_json(f"{_dataset(dataset_id)}/card")
        return content if isinstance(content, dict) else {}


def _dataset(dataset_id: str) -> str:
    return f"/api/datasets/{quote(dataset_id, safe='')}"
