"""The worker process: `python -m backend.datasets.workers.build_worker`, started by the service only.

It reads one order from stdin, builds (or exports), and says how it went. When stdin closes the service is gone: the
process ends itself at once, since its claim will be given to another.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.datasets.build import DatasetBuild
from backend.datasets.build_plan import BuildPlan, BuildResult
from backend.datasets.export.options import ExportOptions
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.folders import DatasetFolders
from backend.datasets.models import DatasetRequest, SearchRequest
from backend.datasets.patience import patiently
from backend.datasets.pii.treating import personal_data_of
from backend.datasets.quality.learnt import fluency_filter_of, model_file
from backend.datasets.quality.profile import profile_of
from backend.datasets.record_means import drafter_of, making_of
from backend.datasets.records.candidates import Candidate
from backend.datasets.search_stores import fed_store_names, open_search
from backend.datasets.searching import DocumentSearch
from backend.datasets.splits import SplitPlan
from backend.datasets.stages import Stage, clear_stages, take_over, used_documents
from backend.datasets.workers.protocol import BuildOrder, ExportJob, MessageType, PublishJob, order_from
from config import BaseConfig
from shared.database.base import ClaimLost, DocumentStore
from shared.database.dataset_changes import DocumentsErased
from shared.database.stores import Stores, open_stores
from shared.errors import ClaraError, family_of
from shared.models.dataset import Dataset, DatasetClaim, RecordFormat
from shared.models.events import AuditEntry
from shared.object_storage import copy_folder
from shared.outgoing import OWN_SERVERS
from shared.outgoing.process import guard_this_process

logger = logging.getLogger(__name__)

_DOCUMENTS_PER_LOOK = 5_000


class Pipe:
    """What the worker says to the service."""

    def __init__(self, parent: ParentPipe) -> None:
        self._parent = parent

    def progress(self, stage: str, done: int) -> None:
        """Say how far the work is."""
        self.say(MessageType.PROGRESS, stage=stage, done=done)

    def stage_done(self, stage: Stage) -> None:
        """Say that a stage is finished: a build that is killed goes on behind it."""
        self.say(MessageType.STAGE, stage=stage.value)

    def say(self, kind: MessageType, **fields: Any) -> None:
        """Write one message."""
        self._parent.send({"type": kind, **fields})


def main() -> int:
    """Run one order; the exit code is 0 whenever the outcome was reported."""
    parent = ParentPipe()
    log_in_words()
    order = order_from(parent.order())
    parent.listen()
    pipe = Pipe(parent)
    try:
        if isinstance(order, BuildOrder):
            _build(order, pipe)
        elif isinstance(order, PublishJob):
            # clients of object stores connect by themselves, and would ask a cloud's metadata service who they are
            guard_this_process(OWN_SERVERS)
            copy_folder(Path(order.folder), order.url)
        else:
            _export(order)
        pipe.say(MessageType.DONE)
    except ClaimLost:
        logger.warning("build.claim_lost", exc_info=True)
        pipe.say(MessageType.CLAIM_LOST)
    except DocumentsErased:
        logger.warning("build.begun_again", exc_info=True)
        pipe.say(MessageType.BEGIN_AGAIN)
    except ClaraError as error:
        logger.warning("work.refused", exc_info=True)
        pipe.say(MessageType.FAILED, code=error.code, message=error.message, family=family_of(error))
    except Exception as error:
        # the one broad catch around a worker: the traceback goes to the log, the reason to whoever asked
        logger.exception("work.failed")
        first_line = str(error).strip().partition("\n")[0][:500]
        pipe.say(MessageType.FAILED, code=type(error).__name__, message=f"{type(error).__name__}: {first_line}")
    return 0


def _build(order: BuildOrder, pipe: Pipe) -> None:
    settings = BaseConfig(**order.settings)
    stores = open_stores(settings.database_url_resolved, derived_stores=fed_store_names(settings))
    try:
        claim = DatasetClaim(order.dataset_id, order.owner, order.epoch)
        build_claimed(stores, settings, claim, pipe)
    finally:
        stores.close()


def build_claimed(stores: Stores, settings: BaseConfig, claim: DatasetClaim, pipe: Pipe) -> Dataset:
    """Build the dataset of a claim and publish it: files first, then the rows in one transaction.

    Raises:
        ClaimLost: If another builder took over; nothing of this attempt stays.
        ClaraError: If the build cannot succeed.
    """
    folders = DatasetFolders(settings.data_dir)
    try:
        finished = _built(stores, settings, claim, pipe)
    except Exception:
        # whatever it was: what failed leaves nothing, and a full disk gets its space back
        folders.remove_earlier(claim.dataset_id, claim.epoch)
        folders.remove_attempt(claim.dataset_id, claim.epoch)
        raise
    try:
        # another error may come behind the commit: the files stay until the database says that the build failed
        completed = stores.datasets.complete(claim, finished, audit=_audit(claim, finished))
    except (ClaimLost, DocumentsErased):
        folders.remove_attempt(claim.dataset_id, claim.epoch)
        raise
    clear_stages(folders.attempt(claim.dataset_id, claim.epoch))
    return completed


def _built(stores: Stores, settings: BaseConfig, claim: DatasetClaim, pipe: Pipe) -> Dataset:
    """The dataset as the database shall know it, once all its files are published."""
    folders = DatasetFolders(settings.data_dir)
    dataset = stores.datasets.get(claim.dataset_id)
    request = DatasetRequest.model_validate(dataset.request)
    attempt = folders.attempt(claim.dataset_id, claim.epoch)
    take_over(attempt, folders.earlier(claim.dataset_id, claim.epoch))
    if _has_erased(stores.documents, used_documents(attempt)):
        folders.remove_attempt(claim.dataset_id, claim.epoch)
    folders.remove_earlier(claim.dataset_id, claim.epoch)
    build = DatasetBuild(
        plan_of(dataset, request, attempt, settings),
        rulings_of=stores.reviews.rulings,
        keep_provenance=lambda rows: stores.datasets.add_provenance(claim, rows),
        report=pipe.progress,
        stage_done=pipe.stage_done,
        drafter=drafter_of(request, stores, settings),
    )
    with closing(open_search(settings, stores.documents)) as search:
        found = LateSearch(search, request.search_query)
        return _finished(dataset, build.run(found.candidates(), notes=found.notes))


def _finished(dataset: Dataset, result: BuildResult) -> Dataset:
    return replace(
        dataset,
        document_count=result.document_count,
        record_count=result.record_count,
        total_tokens=result.total_tokens,
        quality_score_avg=result.quality_score_avg,
        content_sha256=result.content_sha256,
        version_sha256=result.version_sha256,
        path=str(result.records_dir),
        manifest_sha256=result.manifest_sha256,
        export_paths={name: str(path) for name, path in result.export_paths.items()},
        statistics=result.statistics,
    )


class LateSearch:
    """A search that begins when its first section is asked for: a build that goes on may never ask.

    Args:
        search: Over all stores.
        request: What to look for.
    """

    def __init__(self, search: DocumentSearch, request: SearchRequest) -> None:
        self._search = search
        self._request = request
        self._degraded: Mapping[str, str] = {}

    def candidates(self) -> Iterator[Candidate]:
        """What is found, the best first."""
        # whatever was ingested before the order must be found by it
        for store in self._search.fed_stores:
            self._search.catch_up(store)
        found = patiently(lambda: self._search.find(self._request))
        self._degraded = found.degraded
        yield from found.candidates

    def notes(self) -> Mapping[str, Any]:
        """Stores that could not take part, for the statistics."""
        return {"degraded": dict(self._degraded)}


def _has_erased(documents: DocumentStore, document_ids: Iterator[str]) -> bool:
    while batch := list(islice(document_ids, _DOCUMENTS_PER_LOOK)):
        if any(state.is_erased for state in documents.states(batch)):
            return True
    return False


def plan_of(dataset: Dataset, request: DatasetRequest, folder: Path, settings: BaseConfig) -> BuildPlan:
    """What the request and the settings ask of the build.

    Raises:
        InvalidInput: If a setting cannot be used; says which.
    """
    quality, making = profile_of(settings.quality_profile), making_of(settings)
    counter = making.counter(request)
    return BuildPlan(
        dataset_id=dataset.dataset_id,
        name=dataset.name,
        description=dataset.description,
        query_text=request.search_query.query_text,
        folder=folder,
        record_format=request.record_format,
        split=SplitPlan(request.seed, request.split.model_dump()),
        limit=making.limit(request, counter),
        min_quality_score=request.search_query.min_quality_score,
        quality=quality,
        deduplicate=request.deduplicate,
        export_formats=request.export_formats,
        fluency=fluency_filter_of(model_file(settings.data_dir)),
        personal_data=personal_data_of(settings.pii_policy, settings.pii_key),
        evaluation_sets=settings.evaluation_sets if request.decontaminate else None,
        order=request.model_dump(mode="json"),
        counter=counter,
        processes=settings.build_processes,
        measuring={
            "profile": str(settings.quality_profile),
            "fluency": str(model_file(settings.data_dir)),
        },
    )


def _export(job: ExportJob) -> None:
    export_dataset(
        ExportOrder(
            dataset_id=job.dataset_id,
            dataset_name=job.dataset_name,
            records_dir=Path(job.records_dir),
            target=Path(job.target),
            export_format=job.export_format,
            record_format=RecordFormat(job.record_format),
            options=ExportOptions.from_json(job.options),
            description=job.description,
            request=job.request,
            statistics=lambda: job.statistics,
        )
    )


def _audit(claim: DatasetClaim, dataset: Dataset) -> AuditEntry:
    detail = {
        "claim_epoch": claim.epoch,
        "content_sha256": dataset.content_sha256,
        "version_sha256": dataset.version_sha256,
        "records": dataset.record_count,
        "documents": dataset.document_count,
    }
    return AuditEntry(
        action="dataset.completed", object_type="dataset", object_id=claim.dataset_id, actor="system", detail=detail
    )


if __name__ == "__main__":
    sys.exit(main())
