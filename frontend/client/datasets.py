"""Datasets: create from a search, wait, look, export, fetch; one method per route of the dataset service."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from frontend.client.download import Downloaded, download
from frontend.client.found import SearchPage
from frontend.client.models import CreatedDataset, Dataset, DatasetPage, Export, Outcome, RecordPage
from frontend.client.publication import Publication
from frontend.client.record_stream import records_of
from frontend.client.transport import Transport
from shared.models.dataset import DatasetStatus

_DATASETS = "/api/datasets"


class DatasetsClient:
    """Routes below `/api/datasets` that deal with datasets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        *,
        search_query: Mapping[str, Any],
        description: str = "",
        export_formats: Sequence[str] = (),
        **further: Any,
    ) -> CreatedDataset:
        """Order a dataset from a search; `further` are more members of the request (record format, split …)."""
        body = create_request(name, search_query, description, export_formats, further)
        return self._transport.call("POST", _DATASETS, CreatedDataset, body=body)

    def get(self, dataset_id: str) -> Dataset:
        """One dataset."""
        return self._transport.get(_dataset(dataset_id), Dataset)

    def page(
        self,
        *,
        status: DatasetStatus | None = None,
        name: str | None = None,
        created_by: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> DatasetPage:
        """One page, newest first; of one status, with a part of a name, of one user, or of all."""
        params = {
            "status": status and status.value,
            "name": name,
            "created_by": created_by,
            "limit": limit,
            "after": after,
        }
        return self._transport.get(_DATASETS, DatasetPage, params=params)

    def iterate(
        self,
        *,
        status: DatasetStatus | None = None,
        name: str | None = None,
        created_by: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Dataset]:
        """Every dataset, newest first, fetched page by page; filters as in `page`."""
        after: str | None = None
        while True:
            page = self.page(status=status, name=name, created_by=created_by, limit=page_size, after=after)
            yield from page.datasets
            after = page.next_after
            if after is None:
                return

    def wait(
        self, dataset_id: str, *, every_s: float = 0.5, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[Dataset]:
        """The dataset again and again until its build has ended; the last value is the final one."""
        while True:
            dataset = self.get(dataset_id)
            yield dataset
            if dataset.status.is_terminal:
                return
            sleep(every_s)

    def delete(self, dataset_id: str) -> Outcome:
        """Remove a dataset that no adapter was trained on."""
        return self._transport.call("DELETE", _dataset(dataset_id), Outcome, conflict_on=400)

    def statistics(self, dataset_id: str) -> Mapping[str, Any]:
        """Counts, reasons of dropped sections, distributions."""
        content = self._transport.get_json(f"{_dataset(dataset_id)}/statistics")
        return content if isinstance(content, dict) else {}

    def records(
        self, dataset_id: str, *, split: str | None = None, page_size: int = 500
    ) -> Iterator[Mapping[str, Any]]:
        """Every record in stored order, fetched page by page; of one split, or of all, train first."""
        after: str | None = None
        while True:
            params = {"split": split, "limit": page_size, "after": after}
            page = self._transport.get(f"{_dataset(dataset_id)}/records", RecordPage, params=params)
            yield from page.records
            after = page.next_after
            if after is None:
                return

    def count_records(self, dataset_id: str, *, split: str | None = None) -> int:
        """How many records there are, of one split or of all."""
        params = {"split": split, "limit": 1}
        return self._transport.get(f"{_dataset(dataset_id)}/records", RecordPage, params=params).total_count

    def export(self, dataset_id: str, export_format: str, *, include_metadata: bool = True, **further: Any) -> Export:
        """Write a completed dataset in another format on the server; `further` are more members of the request.

        It may have to wait for its turn.

        Raises:
            ServiceConflict: If the dataset is not completed.
            ServiceBusy: If too many wait for their turn.
        """
        body = {"format": export_format, "include_metadata": include_metadata, **further}
        path = f"{_dataset(dataset_id)}/export"
        return self._transport.call("POST", path, Export, body=body, conflict_on=400, is_slow=True)

    def publish(
        self, dataset_id: str, export_format: str, destination: str, *, include_metadata: bool = True, **further: Any
    ) -> Publication:
        """Export a completed dataset and copy it to object storage; `further` as in `export`.

        Raises:
            ServiceConflict: If the dataset is not completed, or the place holds another publication.
        """
        body = {"format": export_format, "include_metadata": include_metadata, "destination": destination, **further}
        path = f"{_dataset(dataset_id)}/publish"
        return self._transport.call("POST", path, Publication, body=body, conflict_on=400, is_slow=True)

    def download(
        self,
        dataset_id: str,
        export_format: str,
        target: Path,
        *,
        split: str | None = None,
        file: str | None = None,
        on_bytes: Callable[[int, int | None], None] | None = None,
    ) -> Downloaded:
        """Fetch an export as a zip, or one `split` or `file` of it; a transfer that breaks goes on where it broke.

        Args:
            dataset_id: Of a completed dataset.
            export_format: Of an export that was written.
            target: A file, or a folder that gets a file named by the service.
            split: A split that is one file.
            file: A file by its name in the manifest.
            on_bytes: Called with bytes so far and the total.
        """
        path = f"{_dataset(dataset_id)}/download/{quote(export_format, safe='')}"
        wanted = {name: value for name, value in (("split", split), ("file", file)) if value}
        path = f"{path}?{urlencode(wanted)}" if wanted else path
        return download(self._transport, path, target, fallback=f"{dataset_id}.{export_format}", on_bytes=on_bytes)

    def search(self, query_text: str, *, limit: int = 100, after: str | None = None, **further: Any) -> SearchPage:
        """A page of what a query finds, without building a dataset.

        Args:
            query_text: Words to look for; "*" takes every section.
            limit: Most sections of the page.
            after: `next_after` of the page before, with the same query.
            further: More members of `search_query` (filters, search_types, weights …).
        """
        body = {"query_text": query_text, "limit": limit, **further}
        if after is not None:
            body["after"] = after
        return self._transport.call("POST", f"{_DATASETS}/search", SearchPage, body=body)

    def stream(
        self, name: str, *, search_query: Mapping[str, Any], description: str = "", **further: Any
    ) -> Iterator[Mapping[str, Any]]:
        """Records as the service finds them, without storing a dataset.

        Raises:
            StreamEndedEarly: If it ended before all were sent.
        """
        body = create_request(name, search_query, description, (), further)
        with self._transport.stream("POST", f"{_DATASETS}/stream", body=body) as response:
            yield from records_of(response)


def create_request(
    name: str,
    search_query: Mapping[str, Any],
    description: str,
    export_formats: Sequence[str],
    further: Mapping[str, Any],
) -> dict[str, Any]:
    """The body of `POST /api/datasets`; members that were not given are left to the service's defaults."""
    body: dict[str, Any] = {"name": name, "description": description, "search_query": dict(search_query)}
    if export_formats:
        body["export_formats"] = list(export_formats)
    return body | {key: value for key, value in further.items() if value is not None}


def _dataset(dataset_id: str) -> str:
    return f"{_DATASETS}/{quote(dataset_id, safe='')}"
