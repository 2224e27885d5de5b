"""From settings and stores to what makes records: used by the service and by the worker of a build."""

from typing import TYPE_CHECKING

from backend.common.security import outgoing_from
from backend.datasets.pii.treating import personal_data_of
from backend.datasets.record_making import RecordMaking
from backend.datasets.record_order import RecordOrder
from config import BaseConfig
from shared.database.stores import Stores
from shared.models.dataset import RecordFormat

if TYPE_CHECKING:
    from backend.datasets.records.drafting import Drafter
    from backend.datasets.synthetic.cache import ReplyCache


def making_of(settings: BaseConfig) -> RecordMaking:
    """What the settings offer to make records with."""
    has_endpoint = bool(settings.synthetic_url and settings.synthetic_model)
    return RecordMaking(settings.templates, settings.base_model_roots, has_endpoint)


def reply_cache_of(settings: BaseConfig) -> "ReplyCache":
    """What models said about documents."""
    from backend.datasets.synthetic.cache import ReplyCache

    return ReplyCache(settings.data_dir / "synthetic")


def drafter_of(order: RecordOrder, stores: Stores, settings: BaseConfig) -> "Drafter":
    """Who writes the words of the records of an order; for worker processes.

    Args:
        order: What is wanted.
        stores: Where corrected answers and documents are.
        settings: Where templates lie and which model is asked.

    Raises:
        InvalidInput: If a template or a model is not there.
    """
    making = making_of(settings)
    making.check(order)
    if order.record_format is RecordFormat.PREFERENCE:
        from backend.datasets.records.preferences import FeedbackPairs, PreferenceDrafter, corrected_items

        pairs = FeedbackPairs(corrected_items(stores.feedback), stores.feedback.get)
        return PreferenceDrafter(pairs, personal_data_of(settings.pii_policy, settings.pii_key))
    if order.synthetic is not None and order.synthetic.share > 0:
        return _synthetic(order, order.synthetic.share, stores, settings, making)
    return making.drafter(order)


def _synthetic(
    order: RecordOrder,
    share: float,
    stores: Stores,
    settings: BaseConfig,
    making: RecordMaking,
) -> "Drafter":
    from backend.datasets.records.drafting import TemplateDrafter
    from backend.datasets.synthetic.asking import Questioner
    from backend.datasets.synthetic.drafter import SyntheticDrafter
    from backend.datasets.synthetic.endpoint import ChatClient, SyntheticEndpoint
    from backend.datasets.synthetic.prompt import Prompt

    endpoint = SyntheticEndpoint(
        url=settings.synthetic_url or "",
        model=settings.synthetic_model,
        key=settings.synthetic_key,
        concurrency=settings.synthetic_concurrency,
        timeout_s=settings.synthetic_timeout,
    )
    cache = reply_cache_of(settings)
    # what was said about documents that were erased since must not be kept
    cache.keep_only(stores.documents.newest)
    templates = [each for each in making.chosen(order) if order.record_format in each.shapes]
    client = ChatClient(endpoint, outgoing=outgoing_from(settings.outgoing_allowed_list))
    questioner = Questioner(endpoint.model, client, cache, Prompt.load())
    return SyntheticDrafter(TemplateDrafter(templates), questioner, share=share, concurrency=endpoint.concurrency)
