"""What decides over the lines of a section besides its document: two orders of one key make the same of every section.

Not among it: what is searched, the least quality and what people decided. These choose among lines that are ready.
"""

import hashlib
import json

from backend.common.version import VERSION
from backend.datasets.models import DatasetRequest
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.records.drafting import Drafter
from backend.datasets.tokens import TokenCounter

WAY = 3
"""Raised whenever the same section, order and settings give other lines."""


def key_of(
    order: DatasetRequest,
    drafter: Drafter,
    quality: QualityPipeline,
    personal_data: PersonalData,
    counter: TokenCounter,
) -> str:
    """32 hex digits, also a file's name."""
    decisive = {
        "way": [WAY, VERSION],
        "format": order.record_format.value,
        "words": drafter.parameters(),
        "splits": [order.seed, order.split.model_dump()],
        "quality": [quality.profile_version, quality.measuring_version],
        "personal_data": personal_data.way,
        "counter": counter.name,
    }
    told = json.dumps(decisive, sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
