"""The process that makes lines ready: `python -m backend.datasets.workers.line_worker`, started by the service only.

Settings come on stdin; the only line on stdout says what was made. Everybody else comes first.
"""

import os
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.datasets.models import DatasetRequest
from backend.datasets.pii.treating import personal_data_of
from backend.datasets.quality.learnt import CurrentQuality, model_file
from backend.datasets.quality.profile import profile_of
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.preparing import prepare
from backend.datasets.ready.shelf import shelf_of
from backend.datasets.record_means import making_of
from backend.datasets.records.licences import Licences
from backend.datasets.workers.protocol import LineOrder
from config import BaseConfig
from shared.database.stores import open_stores
from shared.errors import ClaraError

_LOWEST_PRIORITY = 19


def main() -> int:
    """Make the lines of all documents; the exit code is 1 if that could not be done for a reason that is told."""
    parent = ParentPipe()
    log_in_words()
    _give_way()
    order = LineOrder.from_message(parent.order())
    parent.listen()
    try:
        parent.send({"prepared": _prepared(BaseConfig(**order.settings))})
    except ClaraError as exc:
        parent.send({"error": exc.message})
        return 1
    return 0


def _prepared(settings: BaseConfig) -> dict[str, Any]:
    making = making_of(settings)
    quality = CurrentQuality(profile_of(settings.quality_profile), model_file(settings.data_dir))()
    personal_data = personal_data_of(settings.pii_policy, settings.pii_key)
    with closing(open_stores(settings.database_url_resolved)) as stores:

        def maker_of(order: DatasetRequest) -> LineMaker:
            making.check_stream(order)
            return LineMaker(order, quality, making, personal_data, Licences(stores.documents.newest))

        return asdict(prepare(shelf_of(settings.data_dir, settings.streaming_cache_mb), stores.documents, maker_of))


def _give_way() -> None:
    if hasattr(os, "nice"):
        os.nice(_LOWEST_PRIORITY)


if __name__ == "__main__":
    sys.exit(main())
