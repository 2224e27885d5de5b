"""The desks of the service, put together from its settings and from what it has opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

from backend.common.feed.event_feed import EventFeed
from backend.common.ownership import creator_from
from backend.datasets.api.dependencies import DatasetState
from backend.datasets.curation.forgetting import forget_document
from backend.datasets.erasing import ErasureDesk
from backend.datasets.export_desk import ExportDesk, ExportTask
from backend.datasets.export_turns import ExportTurns
from backend.datasets.folders import DatasetFolders
from backend.datasets.ingest.worker_client import IngestWorkerClient
from backend.datasets.manager import DatasetManager
from backend.datasets.pii.treating import personal_data_of
from backend.datasets.publishing import PublishDesk, PublishTask
from backend.datasets.quality.learnt import CurrentQuality, model_file, quality_folder
from backend.datasets.quality.profile import profile_of
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.record_means import making_of, reply_cache_of
from backend.datasets.reports import ReportShelf
from backend.datasets.reviewing import ReviewDesk
from backend.datasets.search_desk import SearchDesk
from backend.datasets.searching import DocumentSearch
from backend.datasets.template_desk import TemplateDesk
from backend.datasets.uploads import UploadDesk
from backend.datasets.versions import VersionDesk
from backend.datasets.workers.export_runner import ExportRunner
from backend.datasets.workers.pool import BuilderPool
from backend.datasets.workers.protocol import ExportJob, PublishJob
from config import BaseConfig
from shared.database.stores import Stores
from shared.object_storage import targets_of


@dataclass(frozen=True, slots=True)
class Opened:
    """What the service opens when it starts and closes when it ends."""

    stores: Stores
    folders: DatasetFolders
    search: DocumentSearch
    ready: ReadyShelf
    ingester: IngestWorkerClient
    feed: EventFeed
    builders: BuilderPool
    stopping: Event


def desks_of(
    config: BaseConfig, opened: Opened, *, on_change: Callable[[], None], on_cancel: Callable[[str], None]
) -> DatasetState:
    """Everything that routes call.

    Args:
        config: Settings of the service.
        opened: What desks work with.
        on_change: Called in a thread after every accepted order.
        on_cancel: Called in a thread with the id of a dataset whose build is cancelled.
    """
    stores, search = opened.stores, opened.search
    quality = CurrentQuality(profile_of(config.quality_profile), model_file(config.data_dir))
    making = making_of(config)
    personal_data = personal_data_of(config.pii_policy, config.pii_key)
    creator_of = creator_from(stores.audit)
    turns = ExportTurns(config.export_processes)
    exports = ExportDesk(stores.datasets, _export_writer(config), turns)
    return DatasetState(
        manager=DatasetManager(
            stores.datasets,
            stores.documents,
            opened.folders,
            making=making,
            on_change=on_change,
            creator_of=creator_of,
        ),
        search=SearchDesk(
            search,
            stores.documents,
            making,
            quality=quality,
            personal_data=personal_data,
            rulings_of=stores.reviews.rulings,
            ready=opened.ready,
        ),
        exports=exports,
        erasing=ErasureDesk(stores.documents, stores.datasets, search, _forgetting(config, opened.ready)),
        versions=VersionDesk(stores.datasets, opened.folders, on_cancel=on_cancel, creator_of=creator_of),
        feed=opened.feed,
        publishing=PublishDesk(exports, targets_of(config.publish_targets), stores.audit, _copier(config), turns),
        reviews=ReviewDesk(stores.documents, stores.reviews, quality),
        reports=ReportShelf(stores.datasets),
        templates=TemplateDesk(
            stores.documents,
            making,
            quality=quality,
            personal_data=personal_data,
            rulings_of=stores.reviews.rulings,
        ),
        uploads=UploadDesk(opened.folders, opened.ingester),
        builders=opened.builders,
        stream_batch=config.streaming_batch_size,
        is_streaming_enabled=config.streaming_enabled,
        is_stopping=opened.stopping.is_set,
    )


def _forgetting(config: BaseConfig, ready: ReadyShelf) -> Sequence[Callable[[str], None]]:
    """What is kept of documents beside the truth and the search stores."""
    quality = quality_folder(config.data_dir)
    return (
        reply_cache_of(config).forget,
        lambda document_id: forget_document(quality, document_id),
        ready.forget,
    )


def _export_writer(config: BaseConfig) -> Callable[[ExportTask], None]:
    run = ExportRunner(config.logs_dir / "datasets" / "exports.log")

    def write(task: ExportTask) -> None:
        dataset = task.dataset
        run(
            ExportJob(
                dataset_id=dataset.dataset_id,
                dataset_name=dataset.name,
                records_dir=str(dataset.path),
                target=str(task.target),
                export_format=task.export_format,
                record_format=dataset.request["record_format"],
                options=task.options.as_json(),
                description=dataset.description,
                request=dataset.request,
                statistics=dataset.statistics,
            )
        )

    return write


def _copier(config: BaseConfig) -> Callable[[PublishTask], None]:
    run = ExportRunner(config.logs_dir / "datasets" / "exports.log")

    def copy(task: PublishTask) -> None:
        run(PublishJob(task.dataset_id, task.export_format, str(task.folder), task.url))

    return copy
